import { HarnessError } from '../core/errors.ts';
import type { AgentSpec } from '../model/scenario.ts';
import type { ChosenAgent } from './agent.ts';
import { apt } from './apt.ts';
import type { AgentDefinition } from './define-agent.ts';
import { dnf } from './dnf.ts';
import { dpkg } from './dpkg.ts';
import { fullmetalupdate } from './fullmetalupdate.ts';
import { mender } from './mender.ts';
import { opkg } from './opkg.ts';
import { ostree } from './ostree.ts';
import { rauc } from './rauc.ts';
import { rpm } from './rpm.ts';
import { script } from './script.ts';
import { swupdate } from './swupdate.ts';
import { systemota } from './systemota.ts';

/** Agents that scenarios may choose from. */
export type AgentList = readonly [AgentDefinition, ...AgentDefinition[]];

/** Every agent that there is, in the order in which messages name them. */
export const agents: AgentList = [
  rauc,
  swupdate,
  mender,
  ostree,
  systemota,
  fullmetalupdate,
  opkg,
  apt,
  dpkg,
  rpm,
  dnf,
  script,
];

/** The agent of this name. Throws HarnessError `agent-unknown`: a scenario's schema has let it through. */
export function agentNamed(name: string, list: AgentList = agents): AgentDefinition {
  const found = list.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new HarnessError(
    'agent-unknown',
    `there is no agent ${name}, only ${list.map((one) => one.name).join(', ')}`,
  );
}

/** The agent that a scenario asks for, with its settings. */
export function agentFor(spec: AgentSpec, list: AgentList = agents): ChosenAgent {
  return agentNamed(spec.name, list).open(spec);
}
