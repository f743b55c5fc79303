import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import { identityByDeployment, sampleOf } from '../../src/device/identity-by-deployment.ts';
import { observe } from '../../src/device/observe.ts';
import { bench, benchDevice } from './bench.ts';

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

  it('does not hide from the host that an object of its repository has other content', async () => {
    await using stack = new CleanupStack();
    const { manifest, disks, ready } = await benchDevice('ostree', 'qemuarm64', stack);
    const device = await ready();
    const { signal } = new AbortController();
    const scenario = { provision: [], configuration: [] };
    const subject = {
      manifest,
      disks: new Map(disks.map(({ spec, disk }) => [spec.id, disk])),
      configuration: [],
    };
    const identity = identityByDeployment({ signal, scenario }, manifest);
    const look = async () => {
      const seen = await observe(device, subject, signal);
      return identity.look({ device, subject, seen }, { allowed: ['1.0'], compare: 'telling', present: [] });
    };
    expect((await look()).result).toMatchObject({
      verdict: 'passed',
      message: expect.stringMatching(/, 18 of them read from the disk$/) as string,
    });
    const { content } = manifest.releases['1.0']!;
    const path = sampleOf(content.kind === 'files' ? content.files : {})[0]!;
    const lie = [
      'root=$(while read -r _ _ _ root at _; do [ "$at" = / ] && echo "$root"; done </proc/self/mountinfo; :)',
      `cp ${path} /run/as-it-was`,
      `printf x >>/sysroot$root${path}`,
      `mount -o bind /run/as-it-was ${path}`,
      'sync',
    ];
    const { exitCode, stderr } = await device.run(lie.join(' && '), { deadline: Deadline.after(60_000) });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect((await look()).result).toMatchObject({
      verdict: 'failed',
      code: 'release-mixed',
      message: `the device shows 1.0, and on its disk the deployment is not that: ${path} has other content`,
    });
  });
});
