import { z } from 'zod';
import type { AgentList } from '../agents/index.ts';

/** The update agent of a scenario: one of these, by name where that is enough, or with its settings. */
export function agentSchema(agents: AgentList) {
  const [first, ...others] = agents;
  const withSettings = z.discriminatedUnion('name', [first.schema, ...others.map(({ schema }) => schema)]);
  const short = agents.filter(({ takesDefaults }) => takesDefaults).map(({ name }) => name);
  return z
    .union([z.enum(short), withSettings])
    .describe(`The update agent: ${agents.map(({ name }) => name).join(' or ')}`);
}
