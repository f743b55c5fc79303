import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const mender = agentFor({ name: 'mender' });
const source = { url: 'http://x/b', folders: [], packages: [], older: false };

const cmdline = 'cat /proc/cmdline';
const variables = 'mender_boot_part upgrade_available';
const environment = `if command -v grub-mender-grubenv-print >/dev/null; then grub-mender-grubenv-print ${variables}; else fw_printenv ${variables}; fi`;
/** A device whose slot B runs. */
const onB = (said: string) =>
  device({
    [cmdline]: { stdout: 'root=/dev/vda3 ro console=ttyAMA0\n' },
    [environment]: { stdout: said },
  });

describe('mender', () => {
  it('downloads the artifact itself, or is given a file', async () => {
    const streamed = device({});
    await mender.install(streamed.ready, source, limits());
    expect(streamed.asked).toEqual(["mender --no-syslog install 'http://x/b'"]);
    const fetched = device({});
    const agent = agentFor({ name: 'mender', delivery: 'file', reboots: 'itself' });
    await agent.install(fetched.ready, source, limits());
    const file = '/run/brownout/update.mender';
    expect(fetched.asked).toEqual([
      `mkdir -p /run/brownout && wget -q -O ${file} 'http://x/b'`,
      `mender --no-syslog install ${file} && reboot`,
    ]);
    expect([mender.abilities, agent.abilities]).toEqual([
      ['stream', 'slots', 'bootCount', 'triesOnce', 'verified', 'dependencies'],
      ['slots', 'bootCount', 'triesOnce', 'verified', 'dependencies'],
    ]);
  });

  it('blames the device for a failed installation, with what it said', async () => {
    const { ready } = device({
      "mender --no-syslog install 'http://x/b'": { exitCode: 1, stderr: 'level=error msg="not compatible"' },
    });
    await expect(mender.install(ready, source, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'install-failed',
      message: 'install ended with 1: level=error msg="not compatible"',
    });
  });

  it('reads which slot runs, and from the digits at the end of its path which comes next', async () => {
    const { ready } = onB('mender_boot_part=2\nupgrade_available=1\n');
    expect(await mender.status(ready, limits())).toEqual({ booted: 'B', primary: 'A' });
    const strange = onB('mender_boot_part=12\n');
    expect(await mender.status(strange.ready, limits())).toEqual({ booted: 'B', primary: undefined });
  });

  it('fails an installation after which the next boot takes the slot that runs', async () => {
    await mender.activate(onB('mender_boot_part=2\nupgrade_available=1\n').ready, limits());
    await expect(mender.activate(onB('mender_boot_part=3\n').ready, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'activate-failed',
      message: 'Mender ended with success, and the next boot takes slot B, which runs',
    });
  });

  it('installs an application without a look at the slots', async () => {
    const agent = agentFor({ name: 'mender', artifact: 'single-file' });
    expect(agent.source).toEqual({ kind: 'bundle', format: 'mender-file' });
    expect(agent.abilities).toEqual(['stream', 'verified', 'dependencies']);
    const { asked, ready } = device({});
    await agent.install(ready, source, limits());
    await agent.activate(ready, limits());
    expect(asked).toEqual(["mender --no-syslog install 'http://x/b'"]);
  });

  it('reads back whether the running release still has to be committed', async () => {
    const said = (text: string) => mender.confirmed?.(onB(text).ready, limits());
    expect(await said('upgrade_available=0\n')).toBeUndefined();
    expect(await said('upgrade_available=1\n')).toBe('upgrade_available is 1');
    for (const nothing of ['', 'upgrade_available=\n'])
      expect(await said(nothing)).toBe('upgrade_available is not set');
  });

  it('knows that a release has failed where Mender says that the reboot to it has', async () => {
    const says = (stdout: string) =>
      mender.knowsFallback?.(
        device({ 'mender --no-syslog commit 2>&1 || true': { stdout } }).ready,
        limits(),
      );
    expect(await says('level=error msg="Reboot to the new update failed. Expected ..."')).toBe(true);
    expect(await says('level=error msg="No artifact installation in progress"')).toBe(false);
  });

  it('runs state scripts where the scenario says that artifacts bring some', () => {
    const agent = agentFor({ name: 'mender', stateScripts: true });
    expect(agent.abilities).toContain('stateScripts');
    expect(mender.abilities).not.toContain('stateScripts');
  });

  it('has no way back from a release that was committed', () => {
    expect('rollback' in mender).toBe(false);
    expect(mender.abilities).not.toContain('rollback');
  });
});
