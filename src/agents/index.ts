import type { AgentSpec } from '../model/scenario.ts';
import type { UpdateAgent } from './agent.ts';
import { aptAgent } from './apt.ts';
import { dpkgAgent } from './dpkg.ts';
import { opkgAgent } from './opkg.ts';
import { rauc } from './rauc.ts';
import { rpmAgent } from './rpm.ts';
import { script } from './script.ts';

/** Every update agent by the name that scenarios use. */
const agents = {
  rauc: () => rauc,
  opkg: () => opkgAgent,
  apt: () => aptAgent,
  dpkg: () => dpkgAgent,
  rpm: () => rpmAgent,
  script,
} satisfies Record<Exclude<AgentSpec['name'], 'script'>, () => UpdateAgent> & { script: typeof script };

/** The agent that a scenario asks for. */
export function agentFor(spec: AgentSpec): UpdateAgent {
  return spec.name === 'script' ? agents.script(spec) : agents[spec.name]();
}
