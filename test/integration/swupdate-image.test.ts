import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import type { MachineName } from '../../src/model/machine.ts';
import { bench, breakSlotB } from './bench.ts';

/** What the device's own tool says and writes. */
const tools: Record<MachineName, { list: string; set: (pairs: string) => string }> = {
  qemuarm64: { list: 'fw_printenv', set: (pairs) => `printf '%s\\n' ${pairs} | fw_setenv -s -` },
  'qemux86-64': {
    list: 'grub-editenv /boot/grub/grubenv list',
    set: (pairs) => `grub-editenv /boot/grub/grubenv set ${pairs}`,
  },
};
const devices = [
  ['swupdate-ab', 'qemuarm64'],
  ['swupdate-ab', 'qemux86-64'],
  ['swupdate-ab-redundant', 'qemuarm64'],
] as const;
const installed = 'boot_slot=B upgrade_available=1 bootcount=0 ustate=1';

/** What the boot scripts do with what SWUpdate leaves to them. */
describe.each(devices)('%s on %s', (image, machine) => {
  const { list, set } = tools[machine];
  /** What a device that was started says: what it was started with, and its environment. */
  const state = async (boot: (command: string) => Promise<string>) => {
    const [cmdline = '', ...variables] = (await boot(`cat /proc/cmdline; ${list}`)).trim().split('\n');
    return { root: /root=(\S+)/.exec(cmdline)?.[1], variables: variables.toSorted() };
  };

  it('says that a slot is being tested while it is tried', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench(image, machine, stack);
    await boot(`${set(`serial=4711 ${installed}`)}; sync`);
    expect(await state(boot)).toEqual({
      root: '/dev/vda3',
      variables: ['boot_slot=B', 'bootcount=1', 'serial=4711', 'upgrade_available=1', 'ustate=2'],
    });
  });

  it('falls back from a slot that does not come up, and says that it has failed', async () => {
    await using stack = new CleanupStack();
    const { boot, manifest, main } = await bench(image, machine, stack);
    await boot(`${set(installed)}; sync`);
    await breakSlotB(manifest, main);
    expect(await state(boot)).toEqual({
      root: '/dev/vda2',
      variables: ['boot_slot=A', 'bootcount=0', 'upgrade_available=0', 'ustate=3'],
    });
  });

  it('starts the other slot where a confirmed one does not load, and writes nothing', async () => {
    await using stack = new CleanupStack();
    const { boot, manifest, main } = await bench(image, machine, stack);
    await main.zero(manifest.slots[0]!.offset, 1 << 20, true);
    expect(await state(boot)).toEqual({
      root: '/dev/vda3',
      variables: ['boot_slot=A', 'bootcount=0', 'upgrade_available=0', 'ustate=0'],
    });
  });
});
