import { ask, type Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { AgentLimits } from './agent.ts';

/** The end of what a failed command said, short enough for a message. */
const saidLimit = 600;

/**
 * The first part of a recovery whose documentation has another part for what this one cannot mend: its failure is no
 * end, and what the whole came to is for others to look at. Returns what to call it where it failed.
 */
export async function firstAid(
  device: Shell,
  command: string,
  limits: AgentLimits,
): Promise<string | undefined> {
  try {
    await agentCommand(device, 'recover', command, limits);
    return undefined;
  } catch (error) {
    if (error instanceof DeviceFailure && error.code === 'recover-failed')
      return 'after a first aid that failed';
    throw error;
  }
}

/**
 * Runs one command of an agent on the device and returns its standard output. `what` is the failure's code
 * stem: a non-zero exit gives DeviceFailure `<what>-failed`, a passed deadline `<what>-timeout`.
 */
export async function agentCommand(
  device: Shell,
  what: string,
  command: string,
  limits: AgentLimits,
): Promise<string> {
  const { stdout } = await ask(device, command, limits, {
    failed: (output) => {
      const said = `${output.stdout}\n${output.stderr}`.trim().slice(-saidLimit);
      return new DeviceFailure(`${what}-failed`, `${what} ended with ${output.exitCode}: ${said}`);
    },
    late: (cause) => {
      const why = `${what} did not end within ${cause.limitMs / 1000} s`;
      return new DeviceFailure(`${what}-timeout`, why, { cause });
    },
  });
  return stdout;
}
