import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ContentEdit } from '../package-edit.ts';
import { putScripts, withFeatures } from './edit.ts';
import { withFiles } from './file-lists.ts';
import type { RpmListedFile } from './files.ts';
import { type HeaderEntry, numbersEntry, numbersOf, type RpmHeader } from './header.ts';
import { type RpmLabels, withLabels } from './labels.ts';
import { rewritePayload } from './payload.ts';
import { completed, installedBytes, type NewContent, type PlannedFile, planList } from './plan.ts';
import type { RpmCompression } from './rpm-file.ts';
import { type Payload, sealRpm, sizeEntry, spoolPayload, withPayload } from './seal.ts';
import { digestAlgorithms, runningTags, tags } from './tags.ts';

/** What an rpm is made from. */
export interface Origin {
  header: RpmHeader;
  files: readonly RpmListedFile[];
  compression: RpmCompression;
  /** Its payload as it lies in the file; undefined where there is no rpm before it. */
  payload?: Payload;
  /** Its payload unpacked. */
  archive: () => AsyncIterable<Buffer>;
  lead?: Buffer;
}

/** What an rpm that is made from another has other than it. */
export interface RpmEdit extends ContentEdit {
  labels: RpmLabels;
  /** Bits of new files' flags, by path. */
  flags?: ReadonlyMap<string, number>;
}

/** Makes the rpm `to`. What the edit does not name stays bit by bit, but for the digests and a signature. */
export async function makeRpm(
  to: string,
  origin: Origin,
  edit: RpmEdit,
  signal?: AbortSignal,
): Promise<void> {
  const { scripts = new Map<never, never>(), bare = false, conffiles, data } = edit;
  const planned = planList(origin, edit);
  const compression = origin.compression;
  const newScripts = [...scripts].flatMap(([name, content]) => (content === undefined ? [] : [name]));
  const labels = withFeatures(edit.labels, { hasFiles: planned.length > 0, compression, newScripts });
  const header = withLabels(origin.header, labels);
  if (bare) for (const tag of runningTags) header.delete(tag);
  putScripts(header, scripts);
  if (data === undefined && origin.payload !== undefined) {
    const lists =
      conffiles === undefined
        ? header
        : withFiles(
            header,
            planned.map(({ listed }) => listed),
          );
    await sealRpm(to, lists, origin.payload, origin.lead);
    return;
  }
  const spool = `${to}.payload`;
  try {
    const { made, payload } = await withData(spool, origin, edit, planned, header, signal);
    await sealRpm(to, made, payload, origin.lead);
  } finally {
    await rm(spool, { force: true });
  }
}

async function withData(
  spool: string,
  { files, compression, archive }: Origin,
  { data = {} }: RpmEdit,
  planned: readonly PlannedFile[],
  header: Map<number, HeaderEntry>,
  signal: AbortSignal | undefined,
): Promise<{ made: RpmHeader; payload: Payload }> {
  if (files.length === 0) header.set(tags.digestAlgorithm, numbersEntry('int32', [8]));
  const algorithm = digestAlgorithms[numbersOf(header, tags.digestAlgorithm)[0] ?? 1] ?? 'md5';
  const contents = new Map<string, NewContent>();
  const ghosts = new Set(planned.filter(({ isGhost }) => isGhost).map(({ path }) => path));
  const stored = { ...data, added: (data.added ?? []).filter(({ path }) => !ghosts.has(path)) };
  const rewritten = rewritePayload(archive(), stored, {
    files,
    places: new Map(planned.map(({ path }, i) => [path, i])),
    seconds: planned.find(({ seconds }) => seconds !== undefined)?.seconds ?? 0,
    onContent: (path, content) =>
      contents.set(path, {
        bytes: content.length,
        digest: createHash(algorithm).update(content).digest('hex'),
      }),
  });
  const { digests, ...sizes } = await spoolPayload(spool, rewritten, compression, signal);
  const done = planned.map((file) => completed(file, contents));
  const lists = withFiles(
    header,
    done.map(({ listed }) => listed),
  );
  const made = withPayload(lists, compression, digests);
  for (const tag of [tags.size, tags.longSize]) made.delete(tag);
  made.set(...sizeEntry(installedBytes(done), tags.size, tags.longSize));
  return { made, payload: { content: () => bytesOf(spool), ...sizes } };
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) yield chunk as Buffer;
}
