import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const rauc = agentFor({ name: 'rauc' });

const status = (primary: string, bootStatus = 'good') =>
  JSON.stringify({
    compatible: 'rauc-ab',
    booted: 'A',
    boot_primary: primary,
    slots: [
      { 'rootfs.0': { class: 'rootfs', bootname: 'A', state: 'booted', boot_status: bootStatus } },
      { 'rootfs.1': { class: 'rootfs', bootname: 'B', state: 'inactive' } },
    ],
  });
const statusCommand = 'rauc status --output-format=json';

describe('rauc', () => {
  it('reads which slot runs and which comes next', async () => {
    const { ready } = device({ [statusCommand]: { stdout: status('rootfs.1') } });
    expect(await rauc.status(ready, limits())).toEqual({ booted: 'A', primary: 'B' });
  });

  it('activates only what is not yet next', async () => {
    const next = device({ [statusCommand]: { stdout: status('rootfs.1') } });
    await rauc.activate(next.ready, limits());
    expect(next.asked).toEqual([statusCommand]);
    const same = device({ [statusCommand]: { stdout: status('rootfs.0') } });
    await rauc.activate(same.ready, limits());
    expect(same.asked).toEqual([statusCommand, 'rauc status mark-active other']);
  });

  it('reads back whether the running slot is good', async () => {
    const said = (stdout: string) =>
      rauc.confirmed?.(device({ [statusCommand]: { stdout } }).ready, limits());
    expect(await said(status('rootfs.0'))).toBeUndefined();
    expect(await said(status('rootfs.0', 'bad'))).toBe('boot status of slot A: bad');
    expect(await said(status('rootfs.0').replace('boot_status', 'other'))).toBe(
      'boot status of slot A: nothing',
    );
  });

  it('knows of a release that gave way by the slot that does not run', async () => {
    const known = (other: string) => {
      const stdout = status('rootfs.0').replace('"inactive"', `"inactive","boot_status":"${other}"`);
      return rauc.knowsFallback?.(device({ [statusCommand]: { stdout } }).ready, limits());
    };
    expect([await known('bad'), await known('good')]).toEqual([true, false]);
  });

  it('streams a verity bundle, and fetches a plain one first', async () => {
    const source = { url: 'http://x/b', folders: [], packages: [], older: false };
    const { asked, ready } = device({});
    await agentFor({ name: 'rauc', bundle: 'verity' }).install(ready, source, limits());
    await agentFor({ name: 'rauc', bundle: 'plain' }).install(ready, source, limits());
    const file = '/run/brownout/bundle.raucb';
    expect(asked).toEqual([
      "rauc install 'http://x/b'",
      `mkdir -p /run/brownout && wget -q -O ${file} 'http://x/b'`,
      `rauc install ${file}`,
    ]);
  });

  it('blames the device for a failed installation, with what it said', async () => {
    const { ready } = device({
      "rauc install 'http://x/b'": { exitCode: 1, stderr: 'signature verification failed' },
    });
    await expect(
      rauc.install(ready, { url: 'http://x/b', folders: [], packages: [], older: false }, limits()),
    ).rejects.toMatchObject({
      kind: 'device',
      code: 'install-failed',
      message: expect.stringContaining('signature verification failed') as string,
    });
  });

  it('blames the device for a status that is no status', async () => {
    const { ready } = device({ [statusCommand]: { stdout: '\u0000garbage' } });
    await expect(rauc.status(ready, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'status-failed',
    });
  });
});
