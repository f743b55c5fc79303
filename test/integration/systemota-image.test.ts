import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { bench, breakSlotB } from './bench.ts';

const environment = '/run/mount/boot/EFI/BOOT/grubenv';
const ask = 'cat /proc/cmdline; sysota query';

/** What a device that was started says: the root that it was given, and what `sysota query` prints. Then it does something. */
async function state(boot: (command: string) => Promise<string>, then = 'true') {
  const [cmdline = '', ...said] = (await boot(`${ask}; ${then} && sync`)).trim().split('\n');
  return { root: /root=(\S+)/.exec(cmdline)?.[1], said };
}
const device = (running: 'A' | 'B', active: string, tried = '') => ({
  root: running === 'A' ? '/dev/vda2' : '/dev/vda3',
  said: [`running=${running}`, `active=${active}`, 'try=', `tried=${tried}`],
});

/** What the boot script of SystemOTA's published layer does, as this image has it. */
describe('systemota', () => {
  it('tries a slot exactly once, keeps it once it is committed, and has nothing left over after a roll-back', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('systemota', 'qemux86-64', stack);
    expect(await state(boot, 'sysota try')).toEqual(device('A', 'A'));
    expect(await state(boot)).toEqual(device('B', 'A', 'B'));
    expect(await state(boot, 'sysota rollback && sysota try')).toEqual(device('A', 'A', 'B'));
    expect(await state(boot, 'sysota commit')).toEqual(device('B', 'A', 'B'));
    expect(await state(boot)).toEqual(device('B', 'B'));
  });

  it('goes back by itself from a slot that does not come up', async () => {
    await using stack = new CleanupStack();
    const { boot, manifest, main } = await bench('systemota', 'qemux86-64', stack);
    await boot('sysota try && sync');
    await breakSlotB(manifest, main);
    expect(await state(boot)).toEqual(device('A', 'A', 'B'));
  });

  it('takes slot B where the environment cannot be read, since both kernels have the same time', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('systemota', 'qemux86-64', stack);
    await boot(`: >${environment} && sync`);
    expect(await boot('cat /proc/cmdline; sysota query 2>&1')).toMatch(
      /root=\/dev\/vda3[^]*sysota: the environment cannot be read/,
    );
  });

  it('tries a slot at each start where the environment can be read and not written', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('systemota', 'qemux86-64', stack);
    // As a torn write leaves it: GRUB fills a block with # to its end.
    await boot(
      `sysota try && dd if=/dev/zero of=${environment} bs=512 seek=1 count=1 conv=notrunc 2>/dev/null && sync`,
    );
    for (let start = 1; start <= 2; start += 1)
      expect(await boot('cat /proc/cmdline')).toContain('root=/dev/vda3');
  });
});
