import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import type { MachineName } from '../../src/model/machine.ts';
import { bench, breakSlotB } from './bench.ts';

/** What the device's own tool says and writes, and how often the boot loader counts before it goes back. */
const loaders: Record<MachineName, { print: string; set: string; gone: number }> = {
  qemuarm64: { print: 'fw_printenv', set: 'fw_setenv', gone: 2 },
  'qemux86-64': { print: 'grub-mender-grubenv-print', set: 'grub-mender-grubenv-set', gone: 0 },
};
const machines = ['qemuarm64', 'qemux86-64'] as const;
/** `serial` is the owner's. */
const names = 'bootcount mender_boot_part upgrade_available serial';

/** What the boot scripts of mender-ab do with what Mender leaves to them. */
describe.each(machines)('mender-ab on %s', (machine) => {
  const { print, set, gone } = loaders[machine];
  /** What Mender stores once it has written slot B. */
  const installed = `printf '%s\\n' upgrade_available=1 mender_boot_part=3 bootcount=0 | ${set} -s -`;
  /** What a device that was started says: what it was started with, and its environment. Then it does something. */
  const state = async (boot: (command: string) => Promise<string>, then = 'true') => {
    const [cmdline = '', ...variables] = (await boot(`cat /proc/cmdline; ${print} ${names}; ${then} && sync`))
      .trim()
      .split('\n');
    return { root: /root=(\S+)/.exec(cmdline)?.[1], variables };
  };
  const device = (root: string, bootcount: number, pending: number) => ({
    root: `/dev/vda${root}`,
    variables: [
      `bootcount=${bootcount}`,
      `mender_boot_part=${root}`,
      `upgrade_available=${pending}`,
      'serial=4711',
    ],
  });

  it('tries a slot, stays with it once it is committed, and goes back where it is not', async () => {
    await using stack = new CleanupStack();
    const { boot, manifest, main } = await bench('mender-ab', machine, stack);
    await boot(`${set} serial 4711 && ${installed} && sync`);
    expect(await state(boot, `${set} upgrade_available 0`)).toEqual(device('3', 1, 1));
    expect(await state(boot, installed)).toEqual(device('3', 1, 0));
    await breakSlotB(manifest, main);
    expect(await state(boot)).toEqual(device('2', gone, 0));
  });
});

it('U-Boot takes the other copy where the newer one cannot be read, and slot A where neither can', async () => {
  await using stack = new CleanupStack();
  const { boot, main } = await bench('mender-ab', 'qemuarm64', stack);
  // U-Boot has written its canary to the second copy by then, so each further store is the other one's turn.
  await boot('fw_setenv serial 1; fw_setenv serial 2; sync');
  await main.zero(0x80000, 512, true);
  const list = `fw_printenv ${names} mender_saveenv_canary`;
  const factory = (serial: string) =>
    `bootcount=0\nmender_boot_part=2\nupgrade_available=0\nserial=${serial}\nmender_saveenv_canary=1\n`;
  expect(await boot(list)).toBe(factory('1'));
  await main.zero(0x40000, 512, true);
  await main.zero(0x80000, 512, true);
  expect(await boot(list)).toBe(factory(''));
});

describe('GRUB, where an environment was being written when the power failed', () => {
  const folder = '/boot/grub-mender-grubenv';
  const torn = (number: number) =>
    `grub-editenv ${folder}/mender_grubenv${number}/lock set editing=1 && ` +
    `grub-editenv ${folder}/mender_grubenv${number}/env set mender_boot_part=3 bootcount=7 && sync`;
  const both = `cd ${folder}; for i in 1 2; do grub-editenv mender_grubenv$i/env list; grub-editenv mender_grubenv$i/lock list; done`;
  const whole = 'bootcount=0\nmender_boot_part=2\nupgrade_available=0\nediting=0\n';

  it('makes it anew from the other one, as userland does', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('mender-ab', 'qemux86-64', stack);
    await boot(torn(1));
    expect(await boot(`${both}; ${torn(2)}`)).toBe(whole + whole);
    const mended = (number: number) => `${torn(number)}; grub-mender-grubenv-print >/dev/null; ${both}`;
    expect(await boot(`${both}; ${mended(1)}; ${mended(2)}`)).toBe((whole + whole).repeat(3));
  });
});
