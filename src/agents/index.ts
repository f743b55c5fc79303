import type { AgentSpec, PackageAgentName } from '../model/scenario.ts';
import type { PackageAgent, UpdateAgent } from './agent.ts';
import { aptAgent } from './apt.ts';
import { agentCommand } from './command.ts';
import { dpkgAgent } from './dpkg.ts';
import { opkgAgent } from './opkg.ts';
import { rauc } from './rauc.ts';
import { rpmAgent } from './rpm.ts';
import { script } from './script.ts';

/** Every package manager by the name that scenarios use. */
const packageAgents: Record<PackageAgentName, UpdateAgent & { packages: PackageAgent }> = {
  opkg: opkgAgent,
  apt: aptAgent,
  dpkg: dpkgAgent,
  rpm: rpmAgent,
};

/** The agent that a scenario asks for. */
export function agentFor(spec: AgentSpec): UpdateAgent {
  if (spec.name === 'script') return script(spec);
  if (spec.name === 'rauc') return rauc;
  const agent = packageAgents[spec.name];
  const { beforeRecovery } = spec;
  return beforeRecovery === undefined ? agent : { ...agent, packages: after(beforeRecovery, agent.packages) };
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
