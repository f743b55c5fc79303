import { readFile, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { bufferSource } from '../../../../src/package/archive/byte-source.ts';
import type { HeaderEntry } from '../../../../src/package/rpm/header.ts';
import { type RelationKind, type RpmRelation, relationKinds } from '../../../../src/package/rpm/labels.ts';
import { readRpmFile } from '../../../../src/package/rpm/rpm-file.ts';
import { sealRpm } from '../../../../src/package/rpm/seal.ts';
import { fileFlags } from '../../../../src/package/rpm/tags.ts';
import type { NewRpm } from '../../../../src/package/rpm/write-rpm.ts';

/** Relations of an rpm, none but those given. */
function relations(given: Partial<Record<RelationKind, RpmRelation[]>> = {}) {
  const all = Object.fromEntries(relationKinds.map((kind) => [kind, given[kind] ?? []]));
  return all as Record<RelationKind, RpmRelation[]>;
}

/** An rpm of a few files, `version` with its release: `1.0-r0`. */
export function smallRpm(
  name: string,
  version: string,
  given: Partial<Record<RelationKind, RpmRelation[]>> = {},
): NewRpm {
  const dash = version.lastIndexOf('-');
  return {
    labels: {
      name,
      version: version.slice(0, dash),
      release: version.slice(dash + 1),
      architecture: 'noarch',
      relations: relations(given),
      texts: { license: 'MIT', summary: `${name} & more` },
    },
    conffiles: [`/etc/${name}.conf`, `noreplace /etc/${name}.keep`],
    scripts: { post: 'exit 0\n' },
    files: [
      { path: `/etc/${name}.conf`, type: 'file', mode: 0o640, content: Buffer.from(`release=${version}\n`) },
      { path: `/etc/${name}.keep`, type: 'file', mode: 0o644, content: Buffer.from(`keep=${version}\n`) },
      { path: `/usr/share/${name}`, type: 'directory', mode: 0o755 },
      { path: `/usr/share/${name}/alias`, type: 'symlink', target: '../news' },
      { path: `/usr/share/${name}/news`, type: 'file', mode: 0o644, content: Buffer.from('news\n') },
      { path: `/var/${name}.cache`, type: 'file', mode: 0o600, content: Buffer.alloc(0) },
    ],
    flags: new Map([
      [`/usr/share/${name}/news`, fileFlags.doc],
      [`/var/${name}.cache`, fileFlags.ghost],
    ]),
  };
}

/** Writes an rpm again with other tags: what no writer of ours sets. */
export async function retag(
  path: string,
  entries: readonly [tag: number, entry: HeaderEntry][],
): Promise<void> {
  const bytes = await readFile(path);
  const { header, payloadStart } = await readRpmFile(bufferSource(bytes));
  await rm(path);
  const payload = bytes.subarray(payloadStart);
  const content = () => Readable.from([payload]) as AsyncIterable<Buffer>;
  await sealRpm(path, new Map([...header, ...entries]), { content, bytes: payload.length, unpackedBytes: 0 });
}
