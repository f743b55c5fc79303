import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const systemota = agentFor({ name: 'systemota' });
/** A device whose `sysota` says this of the slots that run, are active, are to be tried, and were tried. */
const says = (running: string, active: string, next = '', tried = '') =>
  device({
    'sysota query': { stdout: `running=${running}\nactive=${active}\ntry=${next}\ntried=${tried}\n` },
  });

describe('systemota', () => {
  it('has RAUC stream the bundle, and the device reboots by itself', async () => {
    const { asked, ready } = device({});
    const source = { url: 'http://x/b', folders: [], packages: [], older: false };
    await systemota.install(ready, source, limits());
    await systemota.activate(ready, limits());
    expect(asked).toEqual(["rauc install 'http://x/b'"]);
    expect(systemota).toMatchObject({ reboots: 'itself', source: { kind: 'bundle', format: 'verity' } });
  });

  it('claims that a release is tried once', () => {
    expect(systemota.abilities).toContain('triesOnce');
  });

  it('takes what is to be tried for the next slot, and else the active one', async () => {
    const status = (seen: ReturnType<typeof device>) => systemota.status(seen.ready, limits());
    expect(await status(says('A', 'A'))).toEqual({ booted: 'A', primary: 'A' });
    expect(await status(says('A', 'A', 'B'))).toEqual({ booted: 'A', primary: 'B' });
    expect(await status(says('B', 'A', '', 'B'))).toEqual({ booted: 'B', primary: 'A' });
  });

  it('commits what was tried and runs, clears away a try that gave way, and leaves all else alone', async () => {
    const confirm = async (seen: ReturnType<typeof device>) => {
      await systemota.confirm(seen.ready, limits());
      return seen.asked;
    };
    expect(await confirm(says('B', 'A', '', 'B'))).toEqual(['sysota query', 'sysota commit']);
    expect(await confirm(says('A', 'A', '', 'B'))).toEqual(['sysota query', 'sysota rollback']);
    expect(await confirm(says('A', 'A'))).toEqual(['sysota query']);
  });

  it('calls a release confirmed whose slot is active, with no try left over', async () => {
    const confirmed = (seen: ReturnType<typeof device>) => systemota.confirmed?.(seen.ready, limits());
    expect(await confirmed(says('B', 'B'))).toBeUndefined();
    expect(await confirmed(says('B', 'A', '', 'B'))).toBe('slot B runs, and slot A is the active one');
    expect(await confirmed(says('B', 'B', '', 'B'))).toBe('slot B is still noted as tried');
  });

  it('knows of a release that gave way by the slot that was tried and does not run', async () => {
    const known = (seen: ReturnType<typeof device>) => systemota.knowsFallback?.(seen.ready, limits());
    expect(await known(says('A', 'A', '', 'B'))).toBe(true);
    expect(await known(says('B', 'A', '', 'B'))).toBe(false);
    expect(await known(says('A', 'A'))).toBe(false);
  });

  it('goes back by trying the release before', async () => {
    const { asked, ready } = device({});
    await systemota.rollback?.(ready, limits());
    expect(asked).toEqual(['sysota try']);
  });

  it.each(['', 'running=A\n', 'running=A\nactive=A\ntry=\ntried=\nmore=1\n', '\u0000garbage'])(
    'blames the device for an answer that is none: %j',
    async (stdout) => {
      await expect(
        systemota.status(device({ 'sysota query': { stdout } }).ready, limits()),
      ).rejects.toMatchObject({ kind: 'device', code: 'status-failed' });
    },
  );
});
