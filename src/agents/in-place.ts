import { z } from 'zod';
import type { PackageSystem } from '../model/software.ts';
import type { PackageFormat } from '../package/package-format.ts';
import type { PackageAgent, UpdateAgent } from './agent.ts';
import { agentCommand } from './command.ts';
import { type AgentDefinition, commands, defineAgent } from './define-agent.ts';

/** What a scenario may set of every package manager. */
export const inPlaceSettings = z.strictObject({
  beforeRecovery: commands
    .describe("Commands for the guest's shell, after a cut, before the package manager's documented recovery")
    .optional(),
});

/** What package managers differ in. */
interface Manager {
  install: UpdateAgent['install'];
  packages: PackageAgent;
}

/** A package manager that has no settings of its own. */
export function definePackageManager({
  name,
  format,
  system,
  ...manager
}: Manager & { name: string; format: PackageFormat; system: PackageSystem }): AgentDefinition {
  return defineAgent({
    name,
    settings: inPlaceSettings,
    source: () => ({ kind: 'feed', format, system }),
    needs: () => [name],
    create: (settings) => inPlace(manager, settings),
  });
}

/** A package manager as an update agent: packages are in force at once, nothing is confirmed, and nothing leads back. */
export function inPlace(
  { install, packages }: Manager,
  { beforeRecovery }: z.output<typeof inPlaceSettings>,
): UpdateAgent {
  return {
    install,
    activate: () => Promise.resolve(),
    confirm: () => Promise.resolve(),
    status: () => Promise.resolve({ booted: undefined, primary: undefined }),
    packages: beforeRecovery === undefined ? packages : after(beforeRecovery, packages),
  };
}

/** A package manager whose device runs a command of its own before it recovers. */
function after(command: string, packages: PackageAgent): PackageAgent {
  return {
    ...packages,
    async recover(device, source, limits) {
      await agentCommand(device, 'recover', command, limits);
      return packages.recover(device, source, limits);
    },
  };
}
