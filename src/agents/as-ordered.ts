import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { AgentLimits, ServerAccount } from './agent.ts';
import { agentCommand } from './command.ts';

/** A program of the device that carries out what a server orders. */
export interface Client {
  /** On the disk that is the owner's: a device has its account for good. */
  accountFile: string;
  /** What stands in that file. */
  accountText: string;
  /** The command that runs it. It goes on after an installation, until somebody ends it: a product reboots. */
  start: string;
  /** Its name as a process. */
  process: string;
  /** What it tells the server once the release is installed. */
  says: string;
}

/** In place of what the server was told. */
const gone = Symbol('the client has ended');

/**
 * Has a client install what the server orders. Throws DeviceFailure `install-failed` where it ends by itself, or tells
 * the server that it has failed.
 */
export async function installAsOrdered(
  device: Shell,
  { account, client }: { account: ServerAccount; client: Client },
  limits: AgentLimits,
): Promise<void> {
  const { accountFile, accountText, start, process, says } = client;
  await agentCommand(
    device,
    'install',
    `mkdir -p /run/brownout && printf '%s' ${quote(accountText)} >${accountFile} && sync`,
    limits,
  );
  const over = new AbortController();
  const running = agentCommand(device, 'install', start, limits);
  const ended = running.then(() => gone);
  try {
    const signal = AbortSignal.any([limits.signal, over.signal]);
    const said = await Promise.race([account.installed(says, signal), ended]);
    if (typeof said === 'symbol')
      throw new DeviceFailure('install-failed', `${process} ended by itself; ${account.heard()}`);
    await agentCommand(device, 'install', `killall ${process}`, limits);
    if (said !== undefined) throw new DeviceFailure('install-failed', `the server was told: ${said}`);
  } catch (error) {
    if (!(error instanceof DeviceFailure && error.code === 'install-timeout')) throw error;
    throw new DeviceFailure('install-timeout', `${error.message}; ${account.heard()}`, { cause: error });
  } finally {
    over.abort();
    await Promise.allSettled([running]);
  }
}
