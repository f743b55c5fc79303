import { describe, expect, it } from 'vitest';
import type { AgentLimits, ChosenAgent } from '../../../src/agents/agent.ts';
import { agentFor } from '../../../src/agents/index.ts';
import type { Shell } from '../../../src/core/ask.ts';
import { Deadline, DeadlinePassed } from '../../../src/core/deadline.ts';

const source = { url: 'http://10.0.2.2:1/2.0/feed', folders: ['.'], packages: [], older: false };
const limits: AgentLimits = { deadline: Deadline.after(1000), signal: new AbortController().signal };
const raucStatus = JSON.stringify({
  booted: 'A',
  boot_primary: 'rootfs.0',
  slots: [{ 'rootfs.0': { bootname: 'A', state: 'booted' } }],
});

/** A device on which all goes well but the commands that match. */
function deviceWithout(broken: RegExp, how: 'fails' | 'hangs'): Shell {
  return {
    run: (command) => {
      const answer = { exitCode: 0, stdout: raucStatus, stderr: '', truncated: false };
      if (!broken.test(command)) return Promise.resolve(answer);
      if (how === 'hangs') return Promise.reject(new DeadlinePassed('on the device', 1000));
      return Promise.resolve({ ...answer, exitCode: 7, stdout: 'so far', stderr: 'no space left' });
    },
  };
}

type Act = (agent: ChosenAgent, device: Shell) => Promise<unknown> | undefined;

describe('what an agent did not do is a failure of the device, called by what was asked', () => {
  it.each<[string, string, string, Act, RegExp]>([
    ['rauc', 'install-failed', 'install-timeout', (one, on) => one.install(on, source, limits), /install/],
    ['rauc', 'activate-failed', 'activate-timeout', (one, on) => one.activate(on, limits), /mark-active/],
    ['rauc', 'confirm-failed', 'confirm-timeout', (one, on) => one.confirm(on, limits), /mark-good/],
    ['rauc', 'status-failed', 'status-timeout', (one, on) => one.status(on, limits), /--output-format/],
    ['rauc', 'rollback-failed', 'rollback-timeout', (one, on) => one.rollback?.(on, limits), /mark-active/],
    ['opkg', 'update-failed', 'update-timeout', (one, on) => one.install(on, source, limits), /update$/],
    [
      'apt',
      'recover-failed',
      'recover-timeout',
      (one, on) => one.packages?.recover(on, source, limits),
      /-f install$/,
    ],
    [
      'opkg',
      'add-failed',
      'add-timeout',
      (one, on) => one.packages?.add(on, source, ['nano'], limits),
      /install nano/,
    ],
    [
      'opkg',
      'remove-failed',
      'remove-timeout',
      (one, on) => one.packages?.remove(on, ['nano'], limits),
      /remove nano/,
    ],
  ])('%s: %s and %s', async (name, failed, late, act, command) => {
    const agent = agentFor({ name });
    const what = failed.replace('-failed', '');
    await expect(act(agent, deviceWithout(command, 'fails'))).rejects.toMatchObject({
      kind: 'device',
      code: failed,
      message: `${what} ended with 7: so far\nno space left`,
    });
    await expect(act(agent, deviceWithout(command, 'hangs'))).rejects.toMatchObject({
      kind: 'device',
      code: late,
      message: `${what} did not end within 1 s`,
    });
  });
});
