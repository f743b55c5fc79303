import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { AgentLimits, ServerAccount } from './agent.ts';
import { agentCommand } from './command.ts';

/** On the disk that is the owner's: a device has its account for good. */
const accountFile = '/var/lib/suricatta.account';
const log = '/run/brownout/suricatta.log';

/**
 * Has SWUpdate's daemon (suricatta, SWUpdate 2024.12) install what the server orders. It goes on running after that,
 * until somebody ends it: a product reboots. Throws DeviceFailure `install-failed` where the daemon ends or tells the server
 * that it has failed.
 */
export async function installAsOrdered(
  device: Shell,
  { account, options }: { account: ServerAccount; options: string },
  limits: AgentLimits,
): Promise<void> {
  const { tenant, url, id, token } = account;
  const words = `-S hawkbit -t ${tenant} -u ${url} -i ${id} -k ${token} -p 2`;
  await agentCommand(
    device,
    'install',
    `mkdir -p /run/brownout && printf '%s' ${quote(words)} >${accountFile} && sync`,
    limits,
  );
  const over = new AbortController();
  const daemon = agentCommand(device, 'install', start(options), limits);
  const ended = daemon.then(() => 'the daemon ended');
  try {
    const said = await Promise.race([
      account.installed(AbortSignal.any([limits.signal, over.signal])),
      ended,
    ]);
    await agentCommand(device, 'install', `killall swupdate`, limits);
    if (said !== undefined) throw new DeviceFailure('install-failed', `the server was told: ${said}`);
  } finally {
    over.abort();
    await Promise.allSettled([daemon]);
  }
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
