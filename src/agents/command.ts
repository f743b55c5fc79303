import { DeadlinePassed } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { AgentLimits, Shell } from './agent.ts';

/** The end of what a failed command said, short enough for a message. */
const saidLimit = 600;

/**
 * Runs one command of an agent on the device and returns its standard output. `what` is the failure's code
 * stem: a non-zero exit gives DeviceFailure `<what>-failed`, a passed deadline `<what>-timeout`.
 */
export async function agentCommand(
  device: Shell,
  what: string,
  command: string,
  { deadline, signal }: AgentLimits,
): Promise<string> {
  try {
    const result = await device.run(command, { deadline, signal });
    if (result.exitCode === 0) return result.stdout;
    const said = `${result.stdout}\n${result.stderr}`.trim().slice(-saidLimit);
    throw new DeviceFailure(`${what}-failed`, `${what} ended with ${result.exitCode}: ${said}`);
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    throw new DeviceFailure(`${what}-timeout`, `${what} did not end within ${error.limitMs / 1000} s`, {
      cause: error,
    });
  }
}
