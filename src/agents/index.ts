import type { AgentSpec } from '../model/scenario.ts';
import type { UpdateAgent } from './agent.ts';
import { opkgAgent } from './opkg.ts';
import { rauc } from './rauc.ts';
import { script } from './script.ts';

/** Every update agent by the name that scenarios use. */
const agents = {
  rauc: () => rauc,
  opkg: () => opkgAgent,
  script,
} satisfies { [Name in AgentSpec['name']]: (spec: Extract<AgentSpec, { name: Name }>) => UpdateAgent };

/** The agent that a scenario asks for. */
export function agentFor(spec: AgentSpec): UpdateAgent {
  return spec.name === 'script' ? agents.script(spec) : agents[spec.name]();
}
