import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const swupdate = agentFor({ name: 'swupdate' });
const source = { url: 'http://x/b', folders: [], packages: [], older: false };

const cmdline = 'cat /proc/cmdline';
const environment =
  'if [ -e /etc/fw_env.config ]; then fw_printenv; else grub-editenv /boot/grub/grubenv list; fi';
const either = (pairs: string) =>
  `if [ -e /etc/fw_env.config ]; then printf '%s\\n' ${pairs} | fw_setenv -s -; ` +
  `else grub-editenv /boot/grub/grubenv set ${pairs}; fi`;
/** A device whose slot A runs. */
const onA = (variables = 'boot_slot=A\n', root = 'root=/dev/vda2') =>
  device({ [cmdline]: { stdout: `console=ttyS0 ${root} ro\n` }, [environment]: { stdout: variables } });

describe('swupdate', () => {
  it('installs to the slot that does not run, from an address or from a file', async () => {
    const streamed = onA();
    await swupdate.install(streamed.ready, source, limits());
    expect(streamed.asked).toEqual([cmdline, "swupdate -f /etc/swupdate.cfg -e stable,B -d '-u http://x/b'"]);
    const fetched = onA('', 'root=/dev/vda3');
    const spec = { name: 'swupdate', delivery: 'file', markers: false, software: 'main' };
    await agentFor(spec).install(fetched.ready, source, limits());
    const file = '/run/brownout/update.swu';
    expect(fetched.asked).toEqual([
      cmdline,
      `mkdir -p /run/brownout && wget -q -O ${file} 'http://x/b'`,
      `swupdate -f /etc/swupdate.cfg -e main,A -M -m -i ${file}`,
    ]);
  });

  it('claims to refuse what is older than the release that runs where it is told which that is', async () => {
    const careful = agentFor({ name: 'swupdate', refuseOlder: true });
    expect([swupdate, careful].map(({ abilities }) => abilities.includes('downgradeGuard'))).toEqual([
      false,
      true,
    ]);
    const { asked, ready } = onA();
    await careful.install(ready, source, limits());
    const running = `$(sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"')`;
    expect(asked[1]).toBe(`swupdate -f /etc/swupdate.cfg -e stable,B -N "${running}" -d '-u http://x/b'`);
  });

  it('takes the bundle that is installed directly where a scenario says so', () => {
    expect(swupdate.source).toEqual({ kind: 'bundle', format: 'swu' });
    expect(agentFor({ name: 'swupdate', direct: true }).source).toEqual({
      kind: 'bundle',
      format: 'swu-direct',
    });
  });

  it('refuses to choose a slot where the device runs from neither', async () => {
    const { ready } = onA('', 'root=/dev/sda1');
    await expect(swupdate.install(ready, source, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'install-failed',
      message: 'the device runs from /dev/sda1, and its slots are /dev/vda2, /dev/vda3',
    });
  });

  it('blames the device for a failed installation, with what it said', async () => {
    const { ready } = device({
      [cmdline]: { stdout: 'root=/dev/vda2' },
      "swupdate -f /etc/swupdate.cfg -e stable,B -d '-u http://x/b'": {
        exitCode: 1,
        stderr: '[ERROR] : SWUPDATE failed [0] Compatible SW not found',
      },
    });
    await expect(swupdate.install(ready, source, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'install-failed',
      message: 'install ended with 1: [ERROR] : SWUPDATE failed [0] Compatible SW not found',
    });
  });

  it('activates only what is not yet next', async () => {
    const next = onA('boot_slot=B\n');
    await swupdate.activate(next.ready, limits());
    expect(next.asked).toEqual([cmdline, environment]);
    const same = onA();
    await swupdate.activate(same.ready, limits());
    expect(same.asked.slice(2)).toEqual([either("'boot_slot=B' 'upgrade_available=1' 'bootcount=0'")]);
  });

  it('confirms the slot that runs, in one store, whatever the environment says', async () => {
    const { asked, ready } = onA('boot_slot=B\n');
    await swupdate.confirm(ready, limits());
    expect(asked).toEqual([cmdline, either("'boot_slot=A' 'upgrade_available=0' 'bootcount=0' 'ustate=0'")]);
  });

  it('reads back whether the running release still has to be confirmed', async () => {
    const said = (variables: string) => swupdate.confirmed?.(onA(variables).ready, limits());
    expect(await said('upgrade_available=0\n')).toBeUndefined();
    expect(await said('upgrade_available=1\n')).toBe('upgrade_available is 1');
    expect(await said('boot_slot=A\n')).toBe('upgrade_available is not set');
  });

  it('knows of a release that gave way by its state in the environment', async () => {
    const known = (variables: string) => swupdate.knowsFallback?.(onA(variables).ready, limits());
    expect([await known('ustate=3\n'), await known('ustate=0\n')]).toEqual([true, false]);
  });

  it('reads which slot runs and which comes next, and goes back to the other one', async () => {
    const { asked, ready } = onA('boot_slot=B\nserial=1=2\n');
    expect(await swupdate.status(ready, limits())).toEqual({ booted: 'A', primary: 'B' });
    asked.length = 0;
    await swupdate.rollback?.(ready, limits());
    expect(asked).toEqual([cmdline, either("'boot_slot=B' 'upgrade_available=1' 'bootcount=0'")]);
  });
});
