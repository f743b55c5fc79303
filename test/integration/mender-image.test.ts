import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { bench, breakSlotB } from './bench.ts';

const machine = 'qemuarm64';
/** What Mender stores once it has written slot B. */
const installed =
  "printf '%s\\n' upgrade_available=1 mender_boot_part=3 mender_boot_part_hex=3 bootcount=0 | fw_setenv -s -";
const names =
  'bootcount mender_boot_part mender_boot_part_hex mender_saveenv_canary upgrade_available serial';

/** What a device that was started says: what it was started with, and its environment; `serial` is its owner's. */
async function state(boot: (command: string) => Promise<string>) {
  const said = await boot(`cat /proc/cmdline; fw_printenv ${names}`);
  const [cmdline = '', ...variables] = said.trim().split('\n');
  return { root: /root=(\S+)/.exec(cmdline)?.[1], variables };
}

const onA = ['mender_boot_part=2', 'mender_boot_part_hex=2', 'mender_saveenv_canary=1'];
const onB = ['mender_boot_part=3', 'mender_boot_part_hex=3', 'mender_saveenv_canary=1'];

/** What the boot script of mender-ab does with what Mender leaves to it. */
describe(`mender-ab on ${machine}`, () => {
  it('tries a slot once, and then goes back for good, unless it is committed', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('mender-ab', machine, stack);
    expect(await state(boot)).toEqual({
      root: '/dev/vda2',
      variables: ['bootcount=0', ...onA, 'upgrade_available=0', 'serial='],
    });
    await boot(`fw_setenv serial 4711; ${installed}; sync`);
    expect(await state(boot)).toEqual({
      root: '/dev/vda3',
      variables: ['bootcount=1', ...onB, 'upgrade_available=1', 'serial=4711'],
    });
    const back = {
      root: '/dev/vda2',
      variables: ['bootcount=2', ...onA, 'upgrade_available=0', 'serial=4711'],
    };
    expect(await state(boot)).toEqual(back);
    expect(await state(boot)).toEqual(back);
  });

  it('stays with a slot that was committed', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('mender-ab', machine, stack);
    await boot(`${installed}; sync`);
    await boot('fw_setenv upgrade_available 0; sync');
    const committed = {
      root: '/dev/vda3',
      variables: ['bootcount=1', ...onB, 'upgrade_available=0', 'serial='],
    };
    expect(await state(boot)).toEqual(committed);
    expect(await state(boot)).toEqual(committed);
  });

  it('goes back from a slot that does not come up', async () => {
    await using stack = new CleanupStack();
    const { boot, manifest, main } = await bench('mender-ab', machine, stack);
    await boot(`${installed}; sync`);
    await breakSlotB(manifest, main);
    expect(await state(boot)).toEqual({
      root: '/dev/vda2',
      variables: ['bootcount=2', ...onA, 'upgrade_available=0', 'serial='],
    });
  });

  it('takes the other copy where the newer one cannot be read, and slot A where neither can', async () => {
    await using stack = new CleanupStack();
    const { boot, main } = await bench('mender-ab', machine, stack);
    // U-Boot has written its canary to the second copy by then, so each further store is the other one's turn.
    await boot('fw_setenv serial 1; fw_setenv serial 2; sync');
    await main.zero(0x80000, 512, true);
    expect((await state(boot)).variables).toEqual(['bootcount=0', ...onA, 'upgrade_available=0', 'serial=1']);
    await main.zero(0x40000, 512, true);
    await main.zero(0x80000, 512, true);
    expect(await state(boot)).toEqual({
      root: '/dev/vda2',
      variables: ['bootcount=0', ...onA, 'upgrade_available=0', 'serial='],
    });
  });
});
