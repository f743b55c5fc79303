import type { Shell } from '../core/ask.ts';
import type { AgentLimits, ServerAccount } from './agent.ts';
import type { Client } from './as-ordered.ts';
import { agentCommand } from './command.ts';

const accountFile = '/var/lib/suricatta.account';
const log = '/run/brownout/suricatta.log';

/**
 * SWUpdate's daemon (suricatta, SWUpdate 2024.12). It says that all is installed when it is, and leaves the order open until
 * the new release has been tried (3.1 of its manual).
 */
export function suricatta({ tenant, url, id, token }: ServerAccount, options: string): Client {
  return {
    accountFile,
    accountText: `-S hawkbit -t ${tenant} -u ${url} -i ${id} -k ${token} -p 2`,
    start: start(options),
    process: 'swupdate',
    says: 'All Chunks Installed.',
  };
}

/** Seconds that the daemon is given to tell the server what came of an update. */
const reportSeconds = 45;

/**
 * Runs the daemon until SWUpdate's state, which `state` prints, is 0: it has told the server what came of the update, and
 * has had its answer. Where that does not come it goes on all the same, as a product does; what the server knows is for
 * others to look at.
 */
export async function reportAs(
  device: Shell,
  { options, state }: { options: string; state: string },
  limits: AgentLimits,
): Promise<void> {
  const lines = [
    start(options, ' &'),
    `left=${reportSeconds}`,
    `while kill -0 $! 2>/dev/null && [ $left -gt 0 ] && [ "$(${state})" != 0 ]; do sleep 1; left=$((left - 1)); done`,
    'kill $! 2>/dev/null; wait $!; true',
  ];
  await agentCommand(device, 'confirm', lines.join('\n'), limits);
}

/** States that the daemon reports: 1 installed, 2 testing, 3 failed. */
export function isToldOf(state: string | undefined): boolean {
  return state === '1' || state === '2' || state === '3';
}

/** The name by which the device talks to the server; undefined before its first order. */
export async function accountOf(device: Shell, limits: AgentLimits): Promise<string | undefined> {
  const words = await agentCommand(device, 'status', `cat ${accountFile} 2>/dev/null || true`, limits);
  return / -i (\S+)/.exec(words)?.[1];
}

function start(options: string, end = ''): string {
  return `mkdir -p /run/brownout; swupdate ${options} -u "$(cat ${accountFile})" >${log} 2>&1${end}`;
}
