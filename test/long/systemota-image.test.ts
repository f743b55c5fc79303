import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { bench, breakSlotB } from '../integration/bench.ts';

const environment = '/run/mount/boot/EFI/BOOT/grubenv';
const machine = 'qemux86-64';
/** As a torn write leaves a block: it can be read, and GRUB, which fills it with # to its end, finds no room in it. */
const torn = (from: number, to: number) =>
  `dd if=/dev/zero of=${environment} bs=${to - from} seek=${from / (to - from)} count=1 conv=notrunc 2>/dev/null`;

/** What a device that was started says: the root that it was given, and what `sysota query` prints. Then it does something. */
async function state(boot: (command: string) => Promise<string>, then = 'true') {
  const [cmdline = '', ...said] = (await boot(`cat /proc/cmdline; sysota query; ${then} && sync`))
    .trim()
    .split('\n');
  return { root: /root=(\S+)/.exec(cmdline)?.[1], said };
}
const device = (running: 'A' | 'B', active: string, tried = '', next = '') => ({
  root: running === 'A' ? '/dev/vda2' : '/dev/vda3',
  said: [`running=${running}`, `active=${active}`, `try=${next}`, `tried=${tried}`],
});

describe.each(['systemota', 'systemota-repaired'])('%s', (name) => {
  it('tries a slot exactly once, keeps it once it is committed, and forgets a try after a roll-back', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench(name, machine, stack);
    expect(await state(boot, 'sysota try')).toEqual(device('A', 'A'));
    expect(await state(boot)).toEqual(device('B', 'A', 'B'));
    expect(await state(boot, 'sysota rollback && sysota try')).toEqual(device('A', 'A', 'B'));
    expect(await state(boot, 'sysota commit')).toEqual(device('B', 'A', 'B'));
    expect(await state(boot)).toEqual(device('B', 'B'));
  });

  it('goes back by itself from a slot that does not come up', async () => {
    await using stack = new CleanupStack();
    const { boot, manifest, main } = await bench(name, machine, stack);
    await boot('sysota try && sync');
    await breakSlotB(manifest, main);
    expect(await state(boot)).toEqual(device('A', 'A', 'B'));
  });
});

/** Weak places of the boot script that SystemOTA's layer published. */
describe('systemota, as published', () => {
  it('takes slot B where the environment cannot be read, as both kernels have the same time', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('systemota', machine, stack);
    await boot(`: >${environment} && sync`);
    const said = await boot('cat /proc/cmdline; sysota query 2>&1');
    expect(said).toContain('root=/dev/vda3');
    expect(said).toContain('sysota: the environment cannot be read');
  });

  it('tries a slot at each start where the environment can be read and not written', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('systemota', machine, stack);
    await boot(`sysota try && ${torn(512, 1024)} && sync`);
    expect(await boot('cat /proc/cmdline')).toContain('root=/dev/vda3');
    expect(await boot('cat /proc/cmdline')).toContain('root=/dev/vda3');
  });
});

describe('systemota-repaired', () => {
  it('does not try a slot where that could not be noted', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('systemota-repaired', machine, stack);
    await boot(`sysota try && ${torn(384, 512)} && sync`);
    expect(await state(boot)).toEqual(device('A', 'A', '', 'B'));
  });

  it('can be upgraded again where the environment was lost', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('systemota-repaired', machine, stack);
    await boot(`: >${environment} && sync`);
    expect(await state(boot, 'sysota try')).toEqual(device('B', 'B'));
    expect(await state(boot)).toEqual(device('A', 'B', 'A'));
  });
});
