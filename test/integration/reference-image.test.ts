import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import type { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { bench, breakSlotB } from './bench.ts';

/** Where ext4 keeps its superblock, from the start of the partition (kernel documentation, ext4 "The Super Block"). */
const superblock = { offset: 1024, bytes: 1024 };

/** What power cuts have brought to light in the reference image. */
describe('rauc-ab', () => {
  it('repairs a data partition whose superblock a cut has torn', async () => {
    await using stack = new CleanupStack();
    const { manifest, main, boot } = await bench('rauc-ab', 'qemuarm64', stack);
    const lastSlot = manifest.slots.at(-1)!;
    const data = lastSlot.offset + lastSlot.length + superblock.offset;
    expect((await main.read(data + 56, 2)).toString('hex')).toBe('53ef'); // s_magic
    await main.zero(data + superblock.bytes / 2, superblock.bytes / 2, true);
    expect(await boot('grep " /data " /proc/mounts')).toMatch(/^\/dev\/vda4 \/data ext4 /);
  });

  it('keeps what a product has in the boot loader’s environment, and counts tries in it', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('rauc-ab', 'qemuarm64', stack);
    expect(await boot('fw_setenv serial 4711 && sync && fw_printenv')).toMatch(/^BOOT_A_LEFT=2$/m);
    const after = await boot('fw_printenv');
    expect(after.trim().split('\n').toSorted()).toEqual([
      'BOOT_A_LEFT=1',
      'BOOT_B_LEFT=3',
      'BOOT_ORDER=A B',
      'serial=4711',
    ]);
  });

  it('starts from slot A where U-Boot cannot read its environment, and counts tries from there on', async () => {
    await using stack = new CleanupStack();
    const { manifest, main, boot } = await bench('rauc-ab', 'qemuarm64', stack);
    const environment = (await main.read(0, manifest.slots[0]!.offset)).indexOf('BOOT_A_LEFT=3');
    await main.write(environment, Buffer.from('BOOT_A_LEFT=9'), true);
    expect(await boot('fw_printenv')).toBe('BOOT_A_LEFT=2\nBOOT_B_LEFT=3\nBOOT_ORDER=A B\n');
  });

  it('links no program that its busybox does not have', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('rauc-ab', 'qemuarm64', stack);
    const linked =
      'find /usr/bin /usr/sbin -type l -exec sh -c \'[ "$(readlink -f "$0")" = /usr/bin/busybox ]';
    const missing = await boot(
      `busybox --list > /tmp/has; ${linked} && basename "$0"\' {} \\; | grep -vxF -f /tmp/has; true`,
    );
    expect(missing).toBe('');
  });

  it('leaves a release that does not boot, even when no slot has a try left', async () => {
    await using stack = new CleanupStack();
    const { manifest, main, boot } = await bench('rauc-ab', 'qemux86-64', stack);
    await breakSlotB(manifest, main);
    await editGrubenv(main, manifest.slots[0]!.offset, [
      ['ORDER=A B\n', 'ORDER=B A\n'],
      ['A_TRY=0\n', 'A_TRY=1\n'],
      ['B_TRY=0\n', 'B_TRY=1\n'],
    ]);
    expect(await boot('cat /proc/cmdline')).toContain('root=/dev/vda2 ');
  });

  it('counts tries although one copy of the environment is too torn to be saved', async () => {
    await using stack = new CleanupStack();
    const { manifest, main, boot } = await bench('rauc-ab', 'qemux86-64', stack);
    await breakSlotB(manifest, main);
    const end = manifest.slots[0]!.offset;
    await editGrubenv(main, end, [['ORDER=A B\n', 'ORDER=B A\n']]);
    const [first] = grubenvs(await main.read(0, end));
    await main.zero(first! + sectorBytes, grubenvBytes - sectorBytes, true);
    expect(await boot('cat /proc/cmdline; grub-editenv /boot/grubenv list')).toMatch(
      /root=\/dev\/vda2 [^]*\nB_TRY=1\n/,
    );
  });

  it('takes slot B where the environment cannot be read and slot A does not load', async () => {
    await using stack = new CleanupStack();
    const { manifest, main, boot } = await bench('rauc-ab', 'qemux86-64', stack);
    const slotA = manifest.slots.find(({ name }) => name === 'A')!;
    for (const at of grubenvs(await main.read(0, slotA.offset))) {
      await main.write(at, Buffer.alloc(grubenvBytes, 0xff), true);
    }
    await main.zero(slotA.offset, 1 << 20, true);
    expect(await boot('cat /proc/cmdline')).toContain('root=/dev/vda3 ');
  });
});

const grubenvStart = '# GRUB Environment Block\nORDER=';
/** The boot loader's environment as GRUB writes it (grub-editenv(1)). */
const grubenvBytes = 1024;

const sectorBytes = 512;

/** Where the copies of the environment begin. */
function grubenvs(boot: Buffer): number[] {
  const found: number[] = [];
  for (let at = boot.indexOf(grubenvStart); at >= 0; at = boot.indexOf(grubenvStart, at + 1)) found.push(at);
  expect(found).toHaveLength(2);
  return found;
}

/** Replaces text, by text of the same length, in every copy of the environment, wherever that is below `end`. */
async function editGrubenv(disk: OverlayDisk, end: number, edits: [string, string][]): Promise<void> {
  const boot = await disk.read(0, end);
  for (const at of grubenvs(boot)) {
    let text = boot.subarray(at, at + grubenvBytes).toString('latin1');
    for (const [from, to] of edits) {
      expect(text).toContain(from);
      text = text.replace(from, to);
    }
    await disk.write(at, Buffer.from(text, 'latin1'), true);
  }
}
