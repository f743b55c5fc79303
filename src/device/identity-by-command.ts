import type { CommandIdentity } from '../agents/agent.ts';
import { ask, complaint } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import { cameUpAgain, checkSaid } from '../oracle/said-release.ts';
import type { ReleaseIdentity } from './release-identity.ts';

/** Milliseconds that the command may take. */
const limitMs = 120_000;

/**
 * Told by what a command of the scenario prints, for systems whose releases nobody can tell from outside. The device is
 * trusted in it: what the command does not look at may be of any release.
 */
export function identityByCommand({ run, expect }: CommandIdentity, signal: AbortSignal): ReleaseIdentity {
  return {
    async look({ device, seen }, { allowed, fellBackFrom }) {
      const { stdout } = await ask(
        device,
        run,
        { deadline: Deadline.after(limitMs), signal },
        {
          failed: (output) =>
            new DeviceFailure(
              'observe-failed',
              `the device came up, but agent.identity.run ended with ${output.exitCode}: ${complaint(output)}`,
            ),
          late: (cause) =>
            new DeviceFailure(
              'observe-timeout',
              `the device came up, but agent.identity.run did not end within ${limitMs / 1000} s`,
              { cause },
            ),
        },
      );
      const { release, result } = checkSaid(stdout, expect, allowed);
      return {
        running: { release, slot: seen.slot },
        result,
        ...(fellBackFrom === undefined ? {} : { fallback: cameUpAgain(fellBackFrom, device.resets) }),
      };
    },
  };
}
