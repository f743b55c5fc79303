import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuildCache } from '../../../../src/image/build-cache.ts';
import { initialRamDisk, readKernel } from '../../../../src/image/root/kernel.ts';
import { type KernelModules, readModules } from '../../../../src/image/root/modules.ts';
import { PackageFiles } from '../../../../src/image/root/package-files.ts';
import { releaseRoot } from '../../../../src/image/root/root.ts';
import { Tools } from '../../../../src/image/tools.ts';
import { Tree } from '../../../../src/image/tree.ts';
import { withCode } from '../../../support/errors.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-root-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, content = ''): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

/** Tools of which each program is this shell script. */
async function scripted(script: string): Promise<Tools> {
  const loader = 'tools/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2';
  await put(loader, `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, loader), 0o755);
  return new Tools(join(folder, 'tools'), { suite: 'x', architecture: 'amd64', packages: [] }, 1);
}

describe('PackageFiles', () => {
  it('copies what patterns match, and what a link leads to', async () => {
    await put('usr/bin/busybox', 'program');
    await symlink('busybox', join(folder, 'usr/bin/sh'));
    const tree = new Tree();
    await (await PackageFiles.open(folder)).copy(tree, ['usr/bin/s*'], []);
    expect(tree.entries().map(([path]) => path)).toEqual(['usr', 'usr/bin', 'usr/bin/busybox', 'usr/bin/sh']);
  });

  it('names a file and a library that no package has, which the image description is to mend', async () => {
    await put('usr/bin/busybox');
    const files = await PackageFiles.open(folder);
    await expect(files.copy(new Tree(), ['usr/bin/rauc*'], [])).rejects.toThrow(
      withCode('file-unknown', 'no package has a file usr/bin/rauc*'),
    );
    await expect(files.copy(new Tree(), [], ['libnss.so.2'])).rejects.toMatchObject({
      kind: 'scenario',
      code: 'library-missing',
      message: 'the list of libraries needs libnss.so.2, which no package of the image has',
    });
  });
});

describe('the kernel of an image', () => {
  it('is what its package has in /boot, and there must be one', async () => {
    await put('boot/config-6.1', 'config');
    await put('boot/vmlinuz-6.1', 'kernel');
    expect((await readKernel(folder)).toString()).toBe('kernel');
    await rm(join(folder, 'boot/vmlinuz-6.1'));
    for (const lack of [() => Promise.resolve(), () => rm(join(folder, 'boot'), { recursive: true })]) {
      await lack();
      await expect(readKernel(folder)).rejects.toMatchObject({ kind: 'scenario', code: 'kernel-missing' });
    }
  });

  it('has the modules that depmod finds', async () => {
    await put('usr/lib/modules/6.1/kernel/nbd.ko', 'module');
    const depmod = await scripted(
      'mkdir -p "$7/lib/modules/$8"; cd "$7/lib/modules/$8"; echo kernel/nbd.ko: >modules.dep; echo alias nbd-* nbd >modules.alias',
    );
    expect(await readModules(folder, new BuildCache(folder), depmod, [])).toMatchObject({
      release: '6.1',
      needs: new Map([['kernel/nbd.ko', []]]),
      aliases: [{ pattern: 'nbd-*', module: 'nbd' }],
    });
  });

  it('must be one, with modules', async () => {
    const depmod = await scripted('true');
    const read = () => readModules(folder, new BuildCache(folder), depmod, []);
    await expect(read()).rejects.toThrow(withCode('kernel-ambiguous', 'one kernel, found 0'));
    await put('usr/lib/modules/6.1/x');
    await expect(read()).rejects.toThrow(withCode('depmod-failed', 'depmod left no modules.dep in'));
    await put('usr/lib/modules/6.2/x');
    await expect(read()).rejects.toMatchObject({ kind: 'scenario', code: 'kernel-ambiguous' });
  });

  it('needs busybox for its initial RAM disk', async () => {
    const modules: KernelModules = { release: '6.1', folder, needs: new Map(), aliases: [] };
    const inputs = { overlay: folder, wanted: [], modules, epoch: 1 };
    const busybox = { type: 'file', mode: 0o755, content: Buffer.from('x') } as const;
    expect((await initialRamDisk({ ...inputs, busybox })).includes('busybox')).toBe(true);
    await expect(initialRamDisk({ ...inputs, busybox: undefined })).rejects.toMatchObject({
      kind: 'scenario',
      code: 'busybox-missing',
    });
  });
});

describe('releaseRoot', () => {
  it('takes away what the release removes, and names what was not there', async () => {
    const base = new Tree();
    base.addFile('etc/motd', 'hello');
    const make = (remove: string[]) =>
      releaseRoot({ description: { description: 'An image' }, folder }, base, 'x', 'qemuarm64', {
        version: '1.0',
        factory: true,
        remove,
        payloadMiB: 0,
      });
    expect((await make(['etc/motd'])).has('etc/motd')).toBe(false);
    await expect(make(['etc/mtod'])).rejects.toMatchObject({
      kind: 'scenario',
      code: 'path-unknown',
      message: 'release 1.0 removes etc/mtod, which is not there',
    });
  });
});
