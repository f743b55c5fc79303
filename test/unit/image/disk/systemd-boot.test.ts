import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BuildCache } from '../../../../src/image/build-cache.ts';
import { systemdBoot } from '../../../../src/image/disk/systemd-boot.ts';
import { Tools } from '../../../../src/image/tools.ts';

it.each([
  ['qemux86-64', 'x64', 'OVMF/OVMF'],
  ['qemuarm64', 'aa64', 'AAVMF/AAVMF'],
] as const)('on %s systemd-boot lies where its UEFI looks, and each release has an image', async (...one) => {
  const [machineName, suffix, uefi] = one;
  const folder = await mkdtemp(join(tmpdir(), 'brownout-systemd-boot-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const files = {
    [`system/usr/lib/systemd/boot/efi/systemd-boot${suffix}.efi`]: 'loader',
    [`system/usr/lib/systemd/boot/efi/linux${suffix}.efi.stub`]: 'no stub',
    [`firmware/usr/share/${uefi}_CODE.fd`]: 'code',
    [`firmware/usr/share/${uefi}_VARS.fd`]: 'vars',
    'boot/loader.conf': 'timeout 0\n',
    'boot/cmdline': 'root=PARTLABEL=root_@version@ @arguments@\n',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  const loader = await systemdBoot({
    tools: new Tools(join(folder, 'tools'), { suite: 'x', architecture: 'amd64', packages: [] }, 1),
    build: new BuildCache(join(folder, 'cache')),
    firmware: join(folder, 'firmware'),
    system: join(folder, 'system'),
    scripts: join(folder, 'boot'),
    machineName,
    machine: { console: 'ttyS0', kernelArguments: 'quiet' },
    epoch: 1,
  });
  expect(loader.boot.entries().flatMap(([path, { type }]) => (type === 'file' ? [path] : []))).toEqual([
    `EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`,
    'loader/loader.conf',
  ]);
  expect(loader.firmware).toEqual({ attach: 'pflash', code: Buffer.from('code') });
  const parts = { osRelease: 'ID=x\n', kernel: undefined, initrd: Buffer.alloc(1) };
  expect(() => loader.startFile?.({ version: '2.0', ...parts })).toThrow('the stub is no PE file');
});
