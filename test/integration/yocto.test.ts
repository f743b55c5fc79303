import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildImage } from '../../src/image/build.ts';
import { needPrograms } from '../support/host-programs.ts';
import { brownout, recordOf, temporaryFolder } from './cli.ts';
import { makeYoctoLike } from './yocto-like.ts';

/** Replaces text that must be there. */
async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)}`);
  await writeFile(path, text.replace(from, to));
}

describe('what init --yocto writes', () => {
  needPrograms('debugfs', 'mke2fs', 'zstd');

  it('boots, lets us in, takes an update and keeps its host key', async () => {
    await using folder = await temporaryFolder();
    const image = await buildImage({ name: 'rauc-ab', machine: 'qemuarm64' });
    const made = join(folder.path, 'gateway');
    const deploy = await makeYoctoLike(image, folder.path);
    const written = await brownout(['init', '--yocto', deploy, '--to', made, '--json']);
    expect(written.code, written.stderr).toBe(0);
    expect(JSON.parse(written.stdout)).toMatchObject({ release: '4.3', warnings: [] });

    await copyFile(image.probe?.initrd.path ?? '', join(made, 'initrd'));
    await edit(join(made, 'image.yaml'), 'image: "kernel"\n', 'image: "kernel"\n      initrd: initrd\n');
    const result = await brownout([
      ...['run', join(made, 'scenario.yaml'), '--power-cuts', 'none', '--json'],
      ...['--reports', join(folder.path, 'reports')],
    ]);
    expect(result.code, result.stderr).toBe(0);
    const steps = recordOf(result).paths[0]?.steps.map(({ name, verdict }) => `${name}: ${verdict}`);
    expect(steps).toEqual([
      ...['boot 4.3: passed', 'provision: passed', '4.3->next install: passed'],
      ...['4.3->next first boot: passed', '4.3->next configuration: passed'],
      ...['4.3->next version: passed', '4.3->next confirm: passed'],
    ]);
  });
});

describe('what image import writes of a disk that somebody else has made', () => {
  needPrograms('debugfs', 'e2fsck', 'mke2fs', 'zstd');

  it('boots, lets us in by the key that was put there, and takes an update', async () => {
    await using folder = await temporaryFolder();
    const image = await buildImage({ name: 'rauc-ab', machine: 'qemuarm64' });
    const { probe } = image;
    await makeYoctoLike(image, folder.path);
    const disk = join(
      folder.path,
      'deploy/images/qemuarm64/core-image-base-qemuarm64.rootfs-20240410101010.ext4.zst',
    );
    const made = join(folder.path, 'gateway');
    const imported = await brownout([
      ...['image', 'import', disk, '--to', made, '--name', 'golden', '--json'],
      ...['--kernel', probe?.kernel.path ?? '', '--initrd', probe?.initrd.path ?? ''],
    ]);
    expect(imported.code, imported.stderr).toBe(0);
    expect(JSON.parse(imported.stdout)).toMatchObject({
      machine: 'qemuarm64',
      release: 'golden',
      unknown: [],
      seen: { root: expect.stringMatching(/ ext4 rw/) as unknown },
    });

    const result = await brownout([
      ...['run', join(made, 'scenario.yaml'), '--power-cuts', 'none', '--json'],
      ...['--reports', join(folder.path, 'reports')],
    ]);
    expect(result.code, result.stderr).toBe(0);
    expect(recordOf(result).verdict).toBe('passed');
  });
});
