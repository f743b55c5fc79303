import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/digest.ts';
import { makeFolders } from '../../core/make-folders.ts';
import { openSigner } from '../../feed/sign-release.ts';
import type { FileRef, ReleaseSpec } from '../../model/image.ts';
import type { Wrong } from '../wrong-bundle.ts';
import { commitMetadata } from './commit-metadata.ts';
import { commitPath } from './repository.ts';

/** Key of the folder of test keys that no image trusts. */
const stranger = 'stranger.key.asc';
/** When it signs: no device of the reference images has an earlier clock, but for one that was told so. */
const signedAt = new Date('2026-01-01T00:00:00Z');

/**
 * The repository of a release whose newest commit is not what devices must take: unsigned, signed by a stranger, or with one bit
 * turned. `keys`: the folder of test keys; `folder`: where files are made. Returns in words why there is none such.
 */
export async function wrongCommit(
  { feed = {} }: Pick<ReleaseSpec, 'feed'>,
  { branch, wrong }: { branch: string; wrong: Wrong },
  { keys, folder }: { keys: string; folder: string },
): Promise<Record<string, FileRef> | string> {
  const ref = feed[`refs/heads/${branch}`];
  const path = ref === undefined ? '' : commitPath((await readFile(ref.path, 'utf8')).trim());
  const commit = feed[path];
  if (commit === undefined) return `the image has no commit of the branch ${branch} for this release`;
  const signature = `${path}meta`;
  const bytes = await readFile(commit.path);
  const made = async (name: string, content: Buffer): Promise<FileRef> => {
    const digest = sha256(content);
    await makeFolders(folder);
    const at = join(folder, `${digest}.${name}`);
    await writeFile(at, content);
    return { path: at, sha256: digest, bytes: content.length };
  };
  if (wrong === 'unsigned')
    return Object.fromEntries(Object.entries(feed).filter(([name]) => name !== signature));
  if (wrong === 'stranger') {
    const signer = await openSigner(join(keys, stranger));
    const content = commitMetadata([await signer.detached(bytes, signedAt)]);
    return { ...feed, [signature]: await made('commitmeta', content) };
  }
  if (wrong === 'metadata') {
    const at = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return { ...feed, [path]: await made('commit', bytes) };
  }
  return `OSTree knows no commit with: ${wrong}`;
}
