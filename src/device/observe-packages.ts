import { ask, complaint, type NoAnswer } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { BrownoutError, DeviceFailure, HarnessError } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { PackageSystem } from '../model/software.ts';
import type { PackagesSeen } from '../oracle/packages.ts';
import { installedQueries, readInstalled } from '../sbom/installed.ts';
import type { Ready } from '../target/target.ts';
import { fileDigests } from './file-digests.ts';
import type { RunContext } from './run-context.ts';

/** Milliseconds that the question may take. */
const limitMs = 120_000;
const maxAnswerBytes = 64 << 20;

/** The package system that a scenario's agent upgrades. Throws HarnessError `agent-mismatch` where it upgrades none. */
export function packageSystem({ agent, manifest }: Pick<RunContext, 'agent' | 'manifest'>): PackageSystem {
  if (agent.source.kind === 'feed') return agent.source.system;
  throw new HarnessError(
    'agent-mismatch',
    `${manifest.name} is upgraded by packages, the agent is not for them`,
  );
}

/**
 * Asks a device what is installed, and for the SHA-256 of the regular files at `paths`. Errors: DeviceFailure
 * `package-database` where the record of installed packages cannot be read, `observe-timeout`, `observe-failed`.
 */
export async function observePackages(
  device: Pick<Ready, 'run'>,
  system: PackageSystem,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<PackagesSeen> {
  const limits = { deadline: Deadline.after(limitMs), signal, maxOutputBytes: maxAnswerBytes };
  const query = installedQueries[system].map(quote).join(' ');
  const record = await ask(device, query, limits, {
    ...noAnswer(query),
    failed: (output) =>
      new DeviceFailure(
        'package-database',
        `the device runs, but what is installed cannot be read: ${complaint(output)}`,
      ),
  });
  const installed = asDevice(() => readInstalled(system, record.stdout, 'what the device says is installed'));
  const digests = await fileDigests(device, paths, signal, {
    ...noAnswer('sh -s'),
    failed: (output) =>
      new DeviceFailure('observe-failed', `the device cannot hash files: ${complaint(output)}`),
  });
  return { installed, digests };
}

/** What cannot be read of a device's own record is the device's failure, not the scenario's. */
function asDevice<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BrownoutError)) throw error;
    throw new DeviceFailure('package-database', error.message, { cause: error });
  }
}

/** What it means that a device does not answer a question about its packages. */
export function noAnswer(command: string): Omit<NoAnswer, 'failed'> {
  return {
    tooLong: () =>
      new DeviceFailure('observe-failed', `"${command}" printed more than ${maxAnswerBytes >> 20} MiB`),
    late: (cause) =>
      new DeviceFailure(
        'observe-timeout',
        `the device came up, but did not show its packages within ${cause.limitMs / 1000} s`,
        { cause },
      ),
  };
}
