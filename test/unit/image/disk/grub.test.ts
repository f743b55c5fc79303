import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../../src/core/digest.ts';
import { BuildCache } from '../../../../src/image/build-cache.ts';
import { grub } from '../../../../src/image/disk/grub.ts';
import { Tools } from '../../../../src/image/tools.ts';

/** What the boot partition of an image with these files in its folder has from GRUB. */
async function bootFiles(files: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-grub-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  // Stands for grub-mkimage: its output is named by the argument after -o.
  const loader = 'tools/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2';
  const all = {
    ...files,
    [loader]: '#!/bin/sh\nall=$*\nwhile [ "$1" != -o ]; do shift; done\necho "$all" >"$2"\n',
    'firmware/usr/share/OVMF/OVMF_VARS.fd': 'vars',
    'firmware/usr/share/OVMF/OVMF_CODE.fd': 'code',
  };
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await chmod(join(folder, loader), 0o755);
  const { boot } = await grub({
    tools: new Tools(join(folder, 'tools'), { suite: 'x', architecture: 'amd64', packages: [] }, 1),
    build: new BuildCache(join(folder, 'cache')),
    firmware: join(folder, 'firmware'),
    scripts: join(folder, 'boot'),
    machine: { console: 'ttyS0', kernelArguments: 'quiet' },
    epoch: 1,
  });
  return new Map(
    boot
      .entries()
      .flatMap(([path, node]) => (node.type === 'file' ? [[path, node.content.toString('latin1')]] : [])),
  );
}

const start = '# GRUB Environment Block\n';

it('an image’s own environment lies where GRUB and SWUpdate look for it, in one copy', async () => {
  const files = await bootFiles({
    'boot/grub.cfg': 'boot @arguments@\n',
    'boot/grub.env': 'boot_slot=A\nustate=0\n',
  });
  expect([...files.keys()]).toEqual(['EFI/BOOT/BOOTX64.EFI', 'grub/grub.cfg', 'grub/grubenv']);
  expect(files.get('grub/grubenv')?.replace(/#+$/, '')).toBe(`${start}boot_slot=A\nustate=0\n`);
  expect(files.get('grub/grub.cfg')).toBe('boot console=ttyS0 quiet\n');
});

it('Mender’s environment lies in two folders, each with a lock that is not being written and its sum', async () => {
  const files = await bootFiles({
    'boot/grub.cfg': '',
    'boot/mender.env': 'bootcount=0\nmender_boot_part=2\n',
  });
  const folders = [1, 2].map((number) => `grub-mender-grubenv/mender_grubenv${number}`);
  for (const folder of folders) {
    expect(files.get(`${folder}/env`)).toBe(`${start}bootcount=0\nmender_boot_part=2\n`.padEnd(1024, '#'));
    const lock = `${start}editing=0\n`.padEnd(1024, '#');
    expect(files.get(`${folder}/lock`)).toBe(lock);
    expect(files.get(`${folder}/lock.sha256sum`)).toBe(`${sha256(lock)}  lock\n`);
  }
  expect(files.has('grubenv')).toBe(false);
});

it('SystemOTA’s environment lies beside GRUB, which then reads squashfs', async () => {
  const files = await bootFiles({ 'boot/grub.cfg': '', 'boot/sysota.env': 'SYSOTA_BOOT_ACTIVE=A\n' });
  expect(files.get('EFI/BOOT/grubenv')).toBe(`${start}SYSOTA_BOOT_ACTIVE=A\n`.padEnd(1024, '#'));
  expect(files.get('EFI/BOOT/BOOTX64.EFI')).toContain(' squash4 ');
  expect((await bootFiles({ 'boot/grub.cfg': '' })).get('EFI/BOOT/BOOTX64.EFI')).not.toContain('squash4');
});

it('a block that an image gives itself keeps its size', async () => {
  const block = `${start}SYSOTA_BOOT_ACTIVE=A\n`.padEnd(512, '#');
  const files = await bootFiles({ 'boot/grub.cfg': '', 'boot/sysota.env': block });
  expect(files.get('EFI/BOOT/grubenv')).toBe(block);
});

it('an image without one has the variables of RAUC, in two copies', async () => {
  const files = await bootFiles({ 'boot/grub.cfg': '' });
  expect(files.get('grubenv')).toBe(files.get('grubenv.2'));
  expect(files.get('grubenv')?.startsWith(`${start}ORDER=A B\n`)).toBe(true);
  expect(files.has('grub/grubenv')).toBe(false);
});

it('reads entries of the Boot Loader Specification where the script asks for them', async () => {
  const core = async (script: string) =>
    (await bootFiles({ 'boot/grub.cfg': script })).get('EFI/BOOT/BOOTX64.EFI');
  expect(await core('set timeout=0\nblscfg --path (hd0,gpt2)/boot/loader/entries\n')).toContain(' blsuki');
  expect(await core('# no blscfg here\n')).not.toContain('blsuki');
});
