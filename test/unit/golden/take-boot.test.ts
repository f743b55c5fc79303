import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FileTree } from '../../../src/filesystem/file-tree.ts';
import type { FoundDisk, FoundRoot } from '../../../src/golden/found-disk.ts';
import { takeBoot } from '../../../src/golden/take-boot.ts';
import type { MachineName } from '../../../src/model/machine.ts';
import { withCode } from '../../support/errors.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-take-boot-'));
});
afterEach(() => rm(folder, { recursive: true }));

const tree = (kind: FileTree['kind'], files: readonly string[]): FileTree => ({
  kind,
  label: '',
  uuid: '',
  names: () => [],
  read: (path) => (files.includes(path) ? Buffer.from('x') : undefined),
  facts: () => undefined,
});

/** A disk with a FAT that has `files`, and a system on its second partition. */
function diskWith(files: readonly string[], bootCode = false): { disk: FoundDisk; root: FoundRoot } {
  const volume = (index: number, content: FileTree) => ({
    ...{ index, name: '', typeGuid: '', offset: index << 20, bytes: 1 << 20 },
    content: { kind: 'files' as const, files: content },
  });
  const system: FoundRoot['system'] = {
    name: 'Gateway OS',
    version: undefined,
    machine: 'qemux86-64',
    ssh: undefined,
    packages: undefined,
    kernel: { path: '/boot/Image', initrd: undefined },
  };
  const rootFiles = tree('ext4', ['/boot/Image']);
  const root = { volume: volume(2, rootFiles), files: rootFiles, system };
  const volumes = [volume(1, tree('fat', files)), root.volume];
  const table = { table: 'GPT' as const, byBackup: false, outside: [], overlapping: [] };
  return { disk: { bytes: 4 << 20, ...table, bootCode, volumes, roots: [root] }, root };
}

async function host(...paths: string[]): Promise<string> {
  for (const path of paths) {
    await mkdir(join(folder, 'host', dirname(path)), { recursive: true });
    await writeFile(join(folder, 'host', path), path);
  }
  return join(folder, 'host');
}

const take = async (
  machine: MachineName,
  files: readonly string[],
  own: Parameters<typeof takeBoot>[4],
  bootCode = false,
) => {
  const { disk, root } = diskWith(files, bootCode);
  return takeBoot('gateway.img', disk, root, machine, own, (name) => join(folder, name));
};

it("a disk with an EFI boot loader starts by the host's UEFI firmware, with variables of its own", async () => {
  const hostRoot = await host('/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd');
  const boot = await take('qemux86-64', ['/EFI/BOOT/BOOTX64.EFI'], { hostRoot });
  expect(boot).toMatchObject({ kind: 'firmware', attach: 'pflash', code: 'firmware.bin', vars: 'vars.bin' });
  expect(await readFile(join(folder, 'vars.bin'), 'utf8')).toBe('/usr/share/OVMF/OVMF_VARS_4M.fd');
});

it('firmware that this host lacks is named, with its package', async () => {
  await expect(take('qemuarm64', ['/EFI/BOOT/BOOTAA64.EFI'], { hostRoot: folder })).rejects.toThrow(
    withCode('firmware-missing'),
  );
});

it('a disk with a script of U-Boot starts by U-Boot on 64-bit ARM', async () => {
  const hostRoot = await host('/usr/lib/u-boot/qemu_arm64/u-boot.bin');
  const boot = await take('qemuarm64', ['/boot.scr'], { hostRoot });
  expect(boot).toMatchObject({ kind: 'firmware', attach: 'bios', vars: undefined });
});

it('a disk with boot code starts by itself', async () => {
  expect(await take('qemux86-64', [], {}, true)).toMatchObject({ kind: 'builtin' });
});

it('a disk without a boot loader has QEMU load its kernel, and so has one whose kernel a person names', async () => {
  expect(await take('qemuarm64', [], {})).toMatchObject({
    kind: 'kernel',
    image: 'kernel',
    arguments: 'root=/dev/vda2 rw console=ttyAMA0',
  });
  await writeFile(join(folder, 'bzImage'), 'mine');
  expect(await take('qemux86-64', [], { kernel: join(folder, 'bzImage') }, true)).toMatchObject({
    kind: 'kernel',
    initrd: undefined,
  });
  expect(await readFile(join(folder, 'kernel'), 'utf8')).toBe('mine');
});
