import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BuildCache } from '../../../../src/image/build-cache.ts';
import { raucBundle } from '../../../../src/image/bundles/rauc.ts';

/** What a plain bundle has within: names of its files, and its manifest. */
async function inside(imageName?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-rauc-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const seen = { files: [] as string[], manifest: '' };
  for (const name of ['image', 'certificate', 'key']) await writeFile(join(folder, name), name);
  await raucBundle('plain').make({
    tools: {
      key: [],
      run: async (_, [staging = '', path = '']) => {
        seen.files = await readdir(staging);
        seen.manifest = await readFile(join(staging, 'manifest.raucm'), 'utf8');
        await writeFile(path, 'squashfs');
        return { exitCode: 0, stdout: '', stderr: '' };
      },
    },
    build: new BuildCache(join(folder, 'cache')),
    compatible: 'gateway',
    version: '2.0',
    slots: [],
    image: join(folder, 'image'),
    imageSha256: 'abc',
    certificate: join(folder, 'certificate'),
    key: join(folder, 'key'),
    unsigned: true,
    epoch: 1,
    ...(imageName === undefined ? {} : { imageName }),
  });
  return seen;
}

it('an image is for the class of slots that its name begins with', async () => {
  const { files, manifest } = await inside('system.squashfs');
  expect(files.sort()).toEqual(['manifest.raucm', 'system.squashfs']);
  expect(manifest).toContain('[image.system]\nsha256=abc\nsize=5\nfilename=system.squashfs\n');
});

it('an image without a name of its own is for the slots of a root file system', async () => {
  const { manifest } = await inside();
  expect(manifest).toContain('[image.rootfs]\nsha256=abc\nsize=5\nfilename=rootfs.ext4\n');
});
