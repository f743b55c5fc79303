import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sha256, sha256File } from '../../../src/core/digest.ts';
import { BuildCache } from '../../../src/image/build-cache.ts';
import type { BundleFormat } from '../../../src/image/bundles/bundle-format.ts';
import { makeWrong, type Wrong } from '../../../src/image/wrong-bundle.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-wrong-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A format that knows of no wrong bundles: it writes down what it is given, but whether to leave a signature out. */
const toy: BundleFormat = {
  extension: 'toy',
  async make({ build, image, compatible, certificate, stateScripts = {} }) {
    const text = JSON.stringify({
      scripts: Object.keys(stateScripts).join(),
      compatible,
      signer: certificate.slice(folder.length),
      bytes: (await stat(image)).size,
      image: await sha256File(image),
    });
    const made = await build.run('toy', { text }, (out) => writeFile(join(out, 'bundle.toy'), text));
    return join(made, 'bundle.toy');
  },
};

async function made(wrong: Wrong) {
  const image = join(folder, 'slot.ext4');
  const content = Buffer.alloc(8192, 'release ');
  await writeFile(image, content);
  const build = new BuildCache(folder);
  const inputs = {
    tools: { key: [], run: () => Promise.reject(new Error('no tools')) },
    build,
    compatible: 'toy-qemuarm64',
    version: '2.0',
    slots: [],
    image,
    imageSha256: sha256(content),
    certificate: join(folder, 'signing.cert.pem'),
    key: join(folder, 'signing.key.pem'),
    epoch: 1,
    stateScripts: { ArtifactInstall_Enter_50_own: 'true' },
  };
  const path = await toy.make(inputs);
  const good = { path, sha256: await build.digest(path), bytes: (await stat(path)).size };
  const bundle = await makeWrong(toy, inputs, { wrong, keys: folder, slotBytes: 12_288, good });
  if (typeof bundle === 'string') return bundle;
  expect(bundle.sha256).toBe(await sha256File(bundle.path));
  const read = async (one: string) => JSON.parse(await readFile(one, 'utf8')) as Record<string, unknown>;
  const [before, after] = [await read(path), await read(bundle.path)];
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => before[key] !== value));
}

it.each<[Wrong, Record<string, unknown>]>([
  ['stranger', { signer: '/stranger.cert.pem' }],
  ['other machine', { compatible: 'toy-qemuarm64-2' }],
  ['script fails', { scripts: 'ArtifactInstall_Enter_50_own,ArtifactInstall_Enter_10_brownout' }],
  ['script fails late', { scripts: 'ArtifactInstall_Enter_50_own,ArtifactInstall_Leave_90_brownout' }],
  ['script fails at commit', { scripts: 'ArtifactInstall_Enter_50_own,ArtifactCommit_Enter_10_brownout' }],
])('a bundle that is wrong as %s has that difference only', async (wrong, difference) => {
  expect(await made(wrong)).toEqual(difference);
});

it('a bundle that is too big has an image larger than any slot, which begins as the good one', async () => {
  expect(await made('too big')).toMatchObject({ bytes: 12_288 + (1 << 20) });
});

it('is none where the format makes the same of it', async () => {
  expect(await made('unsigned')).toBe('the bundle format knows no bundle that is unsigned');
});
