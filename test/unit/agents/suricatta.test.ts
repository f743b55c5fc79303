import { describe, expect, it } from 'vitest';
import type { ServerAccount } from '../../../src/agents/agent.ts';
import { agentFor } from '../../../src/agents/index.ts';
import { DeadlinePassed } from '../../../src/core/deadline.ts';
import { device, limits } from './device.ts';

const agent = agentFor({ name: 'swupdate', delivery: 'hawkbit' });
const cmdline = 'cat /proc/cmdline';
const readAccount = 'cat /var/lib/suricatta.account 2>/dev/null || true';
const daemon =
  'mkdir -p /run/brownout; swupdate -f /etc/swupdate.cfg -e stable,B -u "$(cat /var/lib/suricatta.account)" >/run/brownout/suricatta.log 2>&1';
const environment =
  'if [ -e /etc/fw_env.config ]; then fw_printenv; else grub-editenv /boot/grub/grubenv list; fi';
const words = '-S hawkbit -t DEFAULT -u http://10.0.2.2:5 -i dev -k t -p 2';

const account = (installed: ServerAccount['installed']): ServerAccount => ({
  ...{ url: 'http://10.0.2.2:5', tenant: 'DEFAULT', id: 'dev', token: 't' },
  installed,
  heard: () => 'the device has never come',
});
const source = (installed: ServerAccount['installed']) => ({
  ...{ url: 'http://x/b', folders: [], packages: [], older: false },
  account: account(installed),
});

/** A device whose daemon runs until it is ended. */
function running(answers: Parameters<typeof device>[0] = {}) {
  const known = device({ [cmdline]: { stdout: 'root=/dev/vda2' }, ...answers });
  let end: () => void = () => undefined;
  const ended = new Promise<void>((done) => {
    end = done;
  });
  const run = async (command: string) => {
    const answer = known.ready.run(command);
    if (command === daemon) await ended;
    if (command === 'killall swupdate') end();
    return await answer;
  };
  return { asked: known.asked, ready: { run } };
}

describe("SWUpdate's daemon", () => {
  it('is told who it is, and runs until it has told the server that all is installed', async () => {
    const { asked, ready } = running();
    await agent.install(
      ready,
      source(() => Promise.resolve(undefined)),
      limits(),
    );
    expect(asked).toEqual([
      cmdline,
      `mkdir -p /run/brownout && printf '%s' '${words}' >/var/lib/suricatta.account && sync`,
      daemon,
      'killall swupdate',
    ]);
    expect(agent.source).toEqual({ kind: 'bundle', format: 'swu', by: 'hawkbit' });
  });

  it('that ends by itself, or is never done, fails with what the server has heard of it', async () => {
    const never = () => new Promise<undefined>(() => undefined);
    const { asked, ready } = running({ [daemon]: { exitCode: 0 } });
    const ended = agent.install(
      { run: (command) => (command === daemon ? device({}).ready.run(command) : ready.run(command)) },
      source(never),
      limits(),
    );
    await expect(ended).rejects.toMatchObject({
      kind: 'device',
      code: 'install-failed',
      message: 'swupdate ended by itself; the device has never come',
    });
    expect(asked).not.toContain('killall swupdate');
    const late = (command: string) =>
      command === daemon ? Promise.reject(new DeadlinePassed(command, 100)) : ready.run(command);
    await expect(agent.install({ run: late }, source(never), limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'install-timeout',
      message: 'install did not end within 0.1 s; the device has never come',
    });
  });

  it('fails where it tells the server so', async () => {
    const { asked, ready } = running();
    const told = source(() => Promise.resolve('closed/failure no such device'));
    await expect(agent.install(ready, told, limits())).rejects.toMatchObject({
      code: 'install-failed',
      message: 'the server was told: closed/failure no such device',
    });
    expect(asked.at(-1)).toBe('killall swupdate');
  });

  it('fails where it ends by itself', async () => {
    const { ready } = device({
      [cmdline]: { stdout: 'root=/dev/vda2' },
      [daemon]: { exitCode: 1, stdout: 'no -S' },
    });
    const never = (_: string, signal: AbortSignal) =>
      new Promise<undefined>((__, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    await expect(agent.install(ready, source(never), limits())).rejects.toMatchObject({
      code: 'install-failed',
      message: 'install ended with 1: no -S',
    });
  });

  it('has no account before its first order, and is not asked to report', async () => {
    const { asked, ready } = device({ [cmdline]: { stdout: 'root=/dev/vda2' } });
    expect(await agent.accountOf?.(ready, limits())).toBeUndefined();
    await agent.confirm(ready, limits());
    expect(asked.slice(0, 3)).toEqual([readAccount, cmdline, readAccount]);
    expect(asked[3]).toContain("'upgrade_available=0' 'bootcount=0' 'ustate=0'");
  });

  it.each(['1', '2', '3'])('reports a state of %s once the release is confirmed', async (state) => {
    const { asked, ready } = device({
      [cmdline]: { stdout: 'root=/dev/vda2' },
      [readAccount]: { stdout: words },
      [environment]: { stdout: `ustate=${state}\n` },
    });
    expect(await agent.accountOf?.(ready, limits())).toBe('dev');
    await agent.confirm(ready, limits());
    const [confirmed = '', reported = ''] = asked.slice(-2);
    expect(confirmed).toContain("'upgrade_available=0' 'bootcount=0'");
    expect(confirmed).not.toContain('ustate');
    expect(reported).toContain(`${daemon} &`);
    expect(reported).toContain('fw_printenv -n ustate');
  });
});
