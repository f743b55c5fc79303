import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { bench } from './bench.ts';

/** What the boot script of the image counts, and what its OSTree says of the system that it left the factory with. */
describe('ostree on qemuarm64', () => {
  it('starts a whole deployment whose /etc is the default, and writes nothing', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('ostree', 'qemuarm64', stack);
    const asked = [
      'ostree fsck >/dev/null',
      'ostree admin config-diff',
      'ostree admin status',
      'fw_printenv init_var success trials',
    ];
    const said = (await boot(asked.join(' && '))).trim().split('\n');
    expect(said.filter((line) => !line.startsWith(' '))).toEqual([
      expect.stringMatching(/^\* brownout [0-9a-f]{64}\.0$/),
      'init_var=1',
      'success=1',
      'trials=0',
    ]);
  });

  it('counts the starts of a release that nobody has confirmed, and then takes the deployment before', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('ostree', 'qemuarm64', stack);
    const deploy = 'ostree admin deploy --os=brownout --karg=newer=1 brownout:stable >/dev/null';
    await boot(`fw_setenv init_var && ${deploy}; sync`);
    const state = async () =>
      (await boot('grep -o newer=1 /proc/cmdline; fw_printenv success trials; sync')).trim().split('\n');
    expect(await state()).toEqual(['newer=1', 'success=0', 'trials=0']);
    expect(await state()).toEqual(['newer=1', 'success=0', 'trials=1']);
    expect(await state()).toEqual(['newer=1', 'success=0', 'trials=2']);
    expect(await state()).toEqual(['success=0', 'trials=2']);
  });
});
