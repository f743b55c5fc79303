import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { arHeader, arPadding, arStart, isAr } from '../archive/ar.ts';
import type { ArchiveEdit, ChangedEntry } from '../archive/archive-edit.ts';
import { compressed, compressionOf, decompress } from '../archive/compression.ts';
import { within } from '../archive/damage.ts';
import { limits } from '../archive/limits.ts';
import { rewriteTar } from '../archive/rewrite-tar.ts';
import { type NewTarEntry, packTar } from '../archive/tar.ts';
import type { ContentEdit } from '../package-edit.ts';
import { inPackage } from '../package-file.ts';
import { isTar, readMembers } from './members.ts';
import { type Stanza, stanzaText } from './stanza.ts';

/** What an ipk or a deb that is made from another has other than it. */
export interface PackageEdit extends ContentEdit {
  control: Stanza;
}

/** An ar member that says who signed the package; it does not fit what is made from it. */
const signature = /^_gpg/;

/**
 * Makes the package file `to` from `from`: members, containers and compression stay as they are, and so does every byte
 * that the edit does not name. The same file and edit give the same bytes with the same programs and Node.js. Nothing of
 * a package is run. Throws as `readPackage`, HarnessError `command-missing` where xz or zstd is needed and not there,
 * and what writing throws.
 */
export function rewritePackage(
  from: string,
  to: string,
  edit: PackageEdit,
  signal?: AbortSignal,
): Promise<void> {
  return inPackage(from, async (source) => {
    const parts: { name: string; file: string }[] = [];
    try {
      for await (const { name, where, content } of readMembers(source, signal)) {
        if (signature.test(name)) continue;
        const file = `${to}.${parts.length}`;
        parts.push({ name, file });
        await within(where, () => spool(file, rewritten(name, content, edit, signal)));
      }
      const archive = isAr(await source.read(0, Math.min(source.bytes, 8)));
      await spool(to, archive ? arOf(parts) : tarOf(parts));
    } finally {
      await Promise.all(parts.map(({ file }) => rm(file, { force: true })));
    }
  });
}

function rewritten(
  name: string,
  content: AsyncIterable<Buffer>,
  edit: PackageEdit,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const [tarEdit, limit] = isTar(name, 'control')
    ? [controlEdit(edit), limits.controlBytes]
    : [isTar(name, 'data') ? edit.data : undefined, limits.dataBytes];
  if (tarEdit === undefined) return content;
  const compression = compressionOf(name);
  const tar = rewriteTar(decompress(compression, content, limit, signal), tarEdit);
  return compressed(compression, tar, signal);
}

function controlEdit({
  control,
  conffiles,
  scripts = new Map(),
  bare = false,
  data,
  md5,
}: PackageEdit): ArchiveEdit {
  const made = new Map<string, { mode: number; content: Buffer | undefined }>();
  made.set('/control', { mode: 0o644, content: Buffer.from(stanzaText(control)) });
  if (conffiles !== undefined) {
    const list = conffiles.map((path) => `${path}\n`).join('');
    made.set('/conffiles', { mode: 0o644, content: list === '' ? undefined : Buffer.from(list) });
  }
  for (const [name, content] of scripts) made.set(`/${name}`, { mode: 0o755, content });
  const changed = new Map<string, ChangedEntry>();
  if (data !== undefined) changed.set('/md5sums', { content: (old) => md5sums(old, data, md5) });
  return {
    // What is made takes the old one's place, at the end.
    drops: (path) => made.has(path) || (bare && path !== '/' && !lists.has(path)),
    changed,
    added: [...made].flatMap(([path, { mode, content }]): NewTarEntry[] =>
      content === undefined ? [] : [{ path, type: 'file', mode, content }],
    ),
  };
}

const lists = new Set(['/conffiles', '/md5sums']);

/** The list of deb-md5sums(5) for a changed data.tar: lines of a hash, two blanks, and a path without its first `/`. */
function md5sums(old: Buffer, { drops }: ArchiveEdit, md5: PackageEdit['md5'] = new Map()): Buffer {
  const lines = old.toString('utf8').split('\n');
  const left = new Map(md5);
  const kept = lines.flatMap((line) => {
    const [, path] = /^[0-9a-f]{32} {2}(.+?)\r?$/.exec(line) ?? [];
    if (path === undefined) return [];
    const hash = left.get(`/${path}`);
    left.delete(`/${path}`);
    if (hash !== undefined) return [`${hash}  ${path}\n`];
    return drops?.(`/${path}`) === true ? [] : [`${line}\n`];
  });
  const added = [...left].map(([path, hash]) => `${hash}  ${path.slice(1)}\n`);
  return Buffer.from([...kept, ...added].join(''));
}

/** What deb-md5sums(5) takes of a file. */
export function md5Of(content: Buffer): string {
  return createHash('md5').update(content).digest('hex');
}

async function spool(file: string, content: AsyncIterable<Buffer>): Promise<void> {
  await using handle = await open(file, 'wx');
  for await (const chunk of content) await handle.writeFile(chunk);
}

async function* arOf(parts: readonly { name: string; file: string }[]): AsyncGenerator<Buffer> {
  yield arStart;
  for (const { name, file } of parts) {
    const { size } = await stat(file);
    yield arHeader(name, size, 0);
    yield* bytesOf(file);
    if (size % 2 === 1) yield arPadding;
  }
}

/** The gzipped tar that older ipks are. It holds a package in memory; those are small. */
async function* tarOf(parts: readonly { name: string; file: string }[]): AsyncGenerator<Buffer> {
  const entries: NewTarEntry[] = [];
  for (const { name, file } of parts) {
    const content: Buffer[] = [];
    for await (const chunk of bytesOf(file)) content.push(chunk);
    entries.push({ path: `./${name}`, type: 'file', mode: 0o644, content: Buffer.concat(content) });
  }
  yield* compressed('gz', packTar(entries, 0));
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) yield chunk as Buffer;
}
