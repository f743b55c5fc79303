import { DeviceFailure } from '../core/errors.ts';
import type { PackageAgent, UpdateAgent } from './agent.ts';

/** A package manager as an update agent: packages are in force at once, nothing is confirmed, and nothing leads back. */
export function inPlace(
  name: string,
  install: UpdateAgent['install'],
  packages: PackageAgent,
): UpdateAgent & { packages: PackageAgent } {
  return {
    install,
    activate: () => Promise.resolve(),
    confirm: () => Promise.resolve(),
    status: () => Promise.resolve({ booted: undefined, primary: undefined }),
    rollback: () =>
      Promise.reject(new DeviceFailure('rollback-failed', `${name} has no way back to the release before`)),
    packages,
  };
}
