import { describe, expect, it } from 'vitest';
import type { ServerAccount } from '../../../src/agents/agent.ts';
import { agentFor } from '../../../src/agents/index.ts';
import { limits } from './device.ts';

const agent = agentFor({ name: 'fullmetalupdate' });
const source = { url: 'http://x/1.1/feed', folders: [], packages: [], older: false };

/** An order for the application `gateway`; what the server was told last, where it was not success. */
const order = (said?: string): ServerAccount => ({
  url: 'http://x',
  tenant: 'DEFAULT',
  id: 'one',
  token: 't',
  module: 'gateway',
  installed: () => Promise.resolve(said),
  heard: () => 'the device has never come',
});

/** A device that says this of its boot and its applications, before and after; its client runs until it is killed. */
function device(before: string, after = before) {
  const asked: string[] = [];
  let looks = 0;
  let end: () => void = () => undefined;
  return {
    asked,
    run: async (command: string) => {
      asked.push(command);
      if (command.startsWith('fullmetalupdate poll'))
        await new Promise<void>((resolve) => {
          end = resolve;
        });
      if (command.startsWith('killall')) end();
      const isLook = command.includes('boot_id');
      const stdout = isLook ? (looks++ === 0 ? before : after) : '';
      return { exitCode: 0, stdout, stderr: '', truncated: false };
    },
  };
}

const told = (boot: string, gateway: string, monitor: string) =>
  `${boot}\ngateway ${gateway}\nmonitor ${monitor}\n`;

describe('fullmetalupdate', () => {
  it('has its client carry out what the server orders, in its own order of actions or in ours', async () => {
    const ready = device(told('b1', '80 900', '90 910'), told('b1', '120 4000', '90 910'));
    await agent.install(ready, { ...source, account: order() }, limits());
    const settings = (which: string) =>
      `url=http://x\ntenant=DEFAULT\nid=one\ntoken=t\norder=${which}\nrepository=http://x/1.1/feed\nreboot=no\nretry=5\n`;
    const written = (which: string) =>
      `mkdir -p /run/brownout && printf '%s' '${settings(which)}' >/var/local/fullmetalupdate/config && sync`;
    expect(ready.asked.slice(1, -1)).toEqual([
      'mkdir -p /var/local/fullmetalupdate',
      written('delete'),
      'fullmetalupdate poll >>/run/log/fullmetalupdate.log 2>&1',
      'killall fullmetalupdate',
    ]);
    const other = device(told('b1', '80 900', '90 910'));
    const swap = agentFor({ name: 'fullmetalupdate', order: 'swap' });
    await swap.install(other, { ...source, account: order() }, limits());
    expect(other.asked).toContain(written('swap'));
  });

  it('fails where the client tells the server that it has failed, and without a server', async () => {
    const failing = agent.install(
      device(told('b1', '80 900', '90 910')),
      { ...source, account: order('closed/failure no such commit') },
      limits(),
    );
    await expect(failing).rejects.toMatchObject({
      code: 'install-failed',
      message: 'the server was told: closed/failure no such commit',
    });
    const alone = agent.install(device(''), source, limits());
    await expect(alone).rejects.toMatchObject({ kind: 'harness', code: 'agent-mismatch' });
  });

  it.each([
    ['reboots', told('b2', '80 900', '90 910'), 'the device started anew'],
    [
      'restarts another application',
      told('b1', '120 4000', '130 4100'),
      'application monitor did not go on: it was process 90 since 910, and is 130 since 4100',
    ],
    [
      'ends another application',
      'b1\ngateway 120 4000\n',
      'application monitor did not go on: it was process 90 since 910, and is gone',
    ],
  ])('fails an upgrade of an application that %s', async (_, after, what) => {
    const ready = device(told('b1', '80 900', '90 910'), after);
    await expect(agent.install(ready, { ...source, account: order() }, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'install-disturbed',
      message: `while gateway was installed, ${what}`,
    });
  });

  it('calls the running system good, as its client does when it starts', async () => {
    const asked: string[] = [];
    const answers: Record<string, string> = { 'fw_printenv -n success': '0\n' };
    const ready = {
      run: (command: string) => {
        asked.push(command);
        return Promise.resolve({ exitCode: 0, stdout: answers[command] ?? '', stderr: '', truncated: false });
      },
    };
    await agent.activate(ready, limits());
    await agent.confirm(ready, limits());
    expect(asked).toEqual(['fullmetalupdate mark']);
    expect(await agent.confirmed?.(ready, limits())).toBe('success is 0');
    answers['fw_printenv -n success'] = '1\n';
    expect(await agent.confirmed?.(ready, limits())).toBeUndefined();
    expect(await agent.status(ready, limits())).toEqual({ booted: undefined, primary: undefined });
  });

  it('knows the name by which it talks to the server from its configuration', async () => {
    const account = (stdout: string) =>
      agent.accountOf?.(
        { run: () => Promise.resolve({ exitCode: 0, stdout, stderr: '', truncated: false }) },
        limits(),
      );
    expect(await account('1.0-to-1.1\n')).toBe('1.0-to-1.1');
    expect(await account('')).toBeUndefined();
  });
});
