import { createHash } from 'node:crypto';
import type { ByteSource } from '../archive/byte-source.ts';
import { Damage } from '../archive/damage.ts';
import { type ListOptions, type PackagedFile, readContent } from '../packaged-file.ts';
import { directoryBits, isRegular, linkBits, listedFiles, type RpmListedFile, typeBits } from './files.ts';
import { numbersOf } from './header.ts';
import { payloadFiles } from './payload.ts';
import { readRpmFile, unpackedPayload } from './rpm-file.ts';
import { digestAlgorithms, fileFlags, tags } from './tags.ts';

const types: Readonly<Record<number, PackagedFile['type']>> = {
  [directoryBits]: 'directory',
  [linkBits]: 'symlink',
  0o020000: 'character-device',
  0o060000: 'block-device',
  0o010000: 'fifo',
};

/**
 * What an rpm installs, in the header's order. Of files that are one inode, the last is a file and the others are links
 * to it. Contents that are asked for must have the digests that the header says. Throws Damage.
 */
export async function rpmFilesFrom(source: ByteSource, options: ListOptions = {}): Promise<PackagedFile[]> {
  const rpm = await readRpmFile(source);
  const listed = listedFiles(rpm.header);
  const { digests, contents, signal } = options;
  const found = new Map<string, Pick<PackagedFile, 'sha256' | 'content'>>();
  if (digests === true || contents === 'all' || (contents?.size ?? 0) > 0) {
    const algorithm = digestAlgorithms[numbersOf(rpm.header, tags.digestAlgorithm)[0] ?? 1];
    const archive = unpackedPayload(source, rpm, signal);
    for await (const { listed: file, content } of payloadFiles(archive, listed)) {
      if (!isRegular(file.mode) || file.linkTo !== undefined) continue;
      found.set(file.path, await readContent(file.path, checked(content, file, algorithm), options));
    }
  }
  return listed.map((file) => ({ ...factsOf(file), ...found.get(file.path) }));
}

async function* checked(
  content: AsyncIterable<Buffer>,
  { path, digest }: RpmListedFile,
  algorithm: string | undefined,
): AsyncGenerator<Buffer> {
  const hash = algorithm === undefined || digest === '' ? undefined : createHash(algorithm);
  for await (const chunk of content) {
    hash?.update(chunk);
    yield chunk;
  }
  if (hash !== undefined && hash.digest('hex') !== digest)
    throw new Damage(`${JSON.stringify(path)} is not what its digest in the header says`);
}

function factsOf({ path, mode, bytes, target, flags, linkTo, user, group }: RpmListedFile): PackagedFile {
  const type = typeOf(mode, flags, linkTo);
  const to = linkTo ?? target;
  return {
    path,
    type,
    mode: mode & 0o7777,
    user,
    group,
    bytes: type === 'file' ? bytes : 0,
    ...(to === '' ? {} : { target: to }),
  };
}

function typeOf(mode: number, flags: number, linkTo: string | undefined): PackagedFile['type'] {
  if ((flags & fileFlags.ghost) !== 0) return 'ghost';
  if (linkTo !== undefined) return 'link';
  if (isRegular(mode)) return 'file';
  const type = types[mode & typeBits];
  if (type === undefined) throw new Damage(`a file of mode ${mode.toString(8)}`);
  return type;
}
