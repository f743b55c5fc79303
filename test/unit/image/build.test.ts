import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { buildImage, replacedText } from '../../../src/image/build.ts';
import { ownImages } from '../../../src/image/own-images.ts';

it('an image whose folder was copied without the keys beside it is a wrong description, told in a sentence', async () => {
  const imagesRoot = await mkdtemp(join(tmpdir(), 'brownout-copied-'));
  onTestFinished(() => rm(imagesRoot, { recursive: true }));
  await cp(join(ownImages, 'rauc-ab'), join(imagesRoot, 'rauc-ab'), { recursive: true });
  const cache = join(imagesRoot, 'cache');
  const building = buildImage({ name: 'rauc-ab', machine: 'qemuarm64', imagesRoot, cache });
  await expect(building).rejects.toMatchObject({ kind: 'scenario', code: 'image-keys-missing' });
  await expect(building).rejects.toThrow(join(imagesRoot, 'keys'));
});

it.each([
  ['a recipe of another image', 'dnf', '../rpm/releases/1.0.yaml'],
  ['a folder that is laid over the root file system', 'swupdate-ab', '../rauc-ab/rootfs'],
])('an image that needs %s names it where it was copied without', async (_, name, part) => {
  const imagesRoot = await mkdtemp(join(tmpdir(), 'brownout-copied-'));
  onTestFinished(() => rm(imagesRoot, { recursive: true }));
  for (const folder of [name, 'keys'])
    await cp(join(ownImages, folder), join(imagesRoot, folder), { recursive: true });
  const cache = join(imagesRoot, 'cache');
  await expect(buildImage({ name, machine: 'qemux86-64', imagesRoot, cache })).rejects.toMatchObject({
    kind: 'scenario',
    code: 'image-part-missing',
    message: `${join(imagesRoot, name, 'image.yaml')} needs ${part}, and there is no such file or folder`,
  });
});

it('packages that the mirror no longer has are one line, with the commands that end it', () => {
  vi.stubEnv('BROWNOUT_DEBIAN_SNAPSHOT', '');
  onTestFinished(() => void vi.unstubAllEnvs());
  const three = ['rauc 1.0-1 (now 1.1-1)', 'tzdata 1 (now 2)', 'x 1 (now 2)'];
  expect(replacedText(new Map([['rauc-ab', three]]))).toBe(
    'the mirror no longer has 3 locked packages of rauc-ab (rauc 1.0-1 (now 1.1-1), …), and newer ones are in their place: ' +
      'brownout image lock rauc-ab locks these, BROWNOUT_DEBIAN_SNAPSHOT=https://snapshot.debian.org finds the old',
  );
  vi.stubEnv('BROWNOUT_DEBIAN_SNAPSHOT', 'http://snapshot.example');
  const both = new Map([
    ['rauc-ab', ['x 1 (now 2)']],
    ['apt', ['x 1 (now 2)']],
  ]);
  expect(replacedText(both)).toBe(
    'the mirror no longer has 1 locked package of rauc-ab and apt (x 1 (now 2)), and newer ones are in their place: ' +
      'brownout image lock of each locks these, and the snapshot archive has none of them',
  );
});
