import { z } from 'zod';
import type { PackageSystem } from '../model/software.ts';
import type { PackageFormat } from '../package/package-format.ts';
import type { PackageAgent, UpdateAgent } from './agent.ts';
import { agentCommand } from './command.ts';
import { type AgentDefinition, commands, defineAgent } from './define-agent.ts';

const settings = z.strictObject({
  beforeRecovery: commands
    .describe("Commands for the guest's shell, after a cut, before the package manager's documented recovery")
    .optional(),
});

/** A package manager as an update agent: packages are in force at once, nothing is confirmed, and nothing leads back. */
export function definePackageManager({
  name,
  format,
  system,
  install,
  packages,
}: {
  name: string;
  format: PackageFormat;
  system: PackageSystem;
  install: UpdateAgent['install'];
  packages: PackageAgent;
}): AgentDefinition {
  return defineAgent({
    name,
    settings,
    source: () => ({ kind: 'feed', format, system }),
    needs: () => [name],
    create: ({ beforeRecovery }) => ({
      install,
      activate: () => Promise.resolve(),
      confirm: () => Promise.resolve(),
      status: () => Promise.resolve({ booted: undefined, primary: undefined }),
      packages: beforeRecovery === undefined ? packages : after(beforeRecovery, packages),
    }),
  });
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
