import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { bench } from '../integration/bench.ts';

const block = '/firmware/grub/grubenv';

/** What GRUB counts on the image of OSTree, and what its OSTree says of the system that it left the factory with. */
describe('ostree on qemux86-64', () => {
  it('starts a whole deployment by the entry that OSTree wrote', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('ostree', 'qemux86-64', stack);
    const asked = ['ostree fsck >/dev/null', 'ostree admin status', `grub-editenv ${block} list`];
    const said = (await boot(asked.join(' && '))).trim().split('\n');
    expect(said.filter((line) => !line.startsWith(' '))).toEqual([
      expect.stringMatching(/^\* brownout [0-9a-f]{64}\.0$/),
      'boot_success=0',
    ]);
  });

  it('counts the starts of a release that nobody has confirmed, and then takes the deployment before', async () => {
    await using stack = new CleanupStack();
    const { boot } = await bench('ostree', 'qemux86-64', stack);
    const deploy = 'ostree admin deploy --os=brownout --karg=newer=1 brownout:stable >/dev/null';
    await boot(`grub-editenv ${block} set boot_counter=3 && ${deploy}; sync`);
    const state = async () =>
      (await boot(`grep -o newer=1 /proc/cmdline; grub-editenv ${block} list | sort; sync`))
        .trim()
        .split('\n');
    for (const left of ['2', '1', '0'])
      expect(await state()).toEqual(['newer=1', `boot_counter=${left}`, 'boot_success=0']);
    const givenUp = ['boot_counter=-1', 'boot_success=0'];
    expect([await state(), await state()]).toEqual([givenUp, givenUp]);
  });
});
