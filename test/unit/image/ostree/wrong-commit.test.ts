import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPrivateKey, readSignature } from 'openpgp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/digest.ts';
import { wrongCommit } from '../../../../src/image/ostree/wrong-commit.ts';
import { ownImages } from '../../../../src/image/own-images.ts';
import type { Wrong } from '../../../../src/image/wrong-bundle.ts';
import { wrongRelease } from '../../../../src/image/wrong-release.ts';
import type { FileRef } from '../../../../src/model/image.ts';
import { slotImage } from '../../../support/simulated/images.ts';

const keys = join(ownImages, 'keys');
const checksum = 'ab'.repeat(32);
const path = `objects/ab/${checksum.slice(2)}.commit`;
const commit = Buffer.alloc(100, 'commit ');
let folder = '';
let feed: Record<string, FileRef> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-commit-'));
  const file = async (name: string, content: Buffer): Promise<FileRef> => {
    await writeFile(join(folder, name), content);
    return { path: join(folder, name), sha256: sha256(content), bytes: content.length };
  };
  feed = {
    'refs/heads/stable': await file('ref', Buffer.from(`${checksum}\n`)),
    [path]: await file('commit', commit),
    [`${path}meta`]: await file('commitmeta', Buffer.from('signed by whom devices trust')),
  };
});
afterAll(() => rm(folder, { recursive: true }));

const made = (wrong: Wrong, branch = 'stable') => wrongCommit({ feed }, { branch, wrong }, { keys, folder });
/** The files that a wrong repository has otherwise than the good one; nothing: it has none of this name. */
async function differences(wrong: Wrong): Promise<Map<string, Buffer | undefined>> {
  const found = await made(wrong);
  if (typeof found === 'string') throw new Error(found);
  const names = Object.keys(feed).filter((name) => found[name]?.path !== feed[name]?.path);
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, Buffer | undefined]> => {
        const file = found[name];
        return [name, file === undefined ? undefined : await readFile(file.path)];
      }),
    ),
  );
}

describe('a wrong commit', () => {
  it('has no signature', async () => {
    expect(await differences('unsigned')).toEqual(new Map([[`${path}meta`, undefined]]));
  });

  it('has one by a key that no image trusts, the same each time', async () => {
    const [[name, metadata = Buffer.alloc(0)] = []] = await differences('stranger');
    expect(name).toBe(`${path}meta`);
    // After the name of the one entry, padded to a multiple of 8 bytes; before the offsets of arrays and entry.
    const binarySignature = metadata.subarray(16, metadata.lastIndexOf(Buffer.from('\0aay')) - 1);
    const [id] = (await readSignature({ binarySignature })).getSigningKeyIDs();
    const stranger = await readFile(join(keys, 'stranger.key.asc'), 'utf8');
    expect(id?.toHex()).toBe((await readPrivateKey({ armoredKey: stranger })).getKeyID().toHex());
    expect((await differences('stranger')).get(`${path}meta`)).toEqual(metadata);
  });

  it('has one bit that is another', async () => {
    const [[name, bytes = Buffer.alloc(0)] = []] = await differences('metadata');
    expect(name).toBe(path);
    expect([...bytes].filter((byte, i) => byte !== commit[i])).toHaveLength(1);
  });

  it('cannot be made for all that a bundle may be, nor of a branch that is not there', async () => {
    expect(await made('other machine')).toBe('OSTree knows no commit with: other machine');
    expect(await made('unsigned', 'other')).toBe(
      'the image has no commit of the branch other for this release',
    );
  });
});

it('a wrong release of a repository is its files, and of an image that lacks it a reason', async () => {
  const release = { version: '2.0', content: { kind: 'unknown' }, bundles: {}, feed } as const;
  const manifest = { ...(await slotImage(join(folder, 'image'))), releases: { '2.0': release } };
  const unsigned = Object.fromEntries(Object.entries(feed).filter(([name]) => name !== `${path}meta`));
  const wanted = { release: '2.0', branch: 'stable', wrong: 'unsigned' } as const;
  expect(await wrongRelease({ manifest, cache: folder }, wanted)).toEqual({ bundles: {}, feed: unsigned });
  expect(await wrongRelease({ manifest, cache: folder }, { ...wanted, release: '9.0' })).toMatch(
    /no commit of the branch stable/,
  );
});
