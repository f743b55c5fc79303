import { z } from 'zod';
import type { Ability } from '../model/conformance.ts';
import type { AgentSpec } from '../model/scenario.ts';
import type { AgentSource, ChosenAgent, UpdateAgent } from './agent.ts';

/** Commands of a scenario for the guest's shell. */
export const commands = z.string().min(1).max(100_000);

/**
 * Who reboots the device after an installation. Left out where it is the harness: digests of scenarios that say nothing
 * are made over their settings.
 */
export const reboots = z
  .enum(['by-harness', 'itself'])
  .optional()
  .describe('Who reboots the device after an installation: the harness (default), or the agent itself');

/** An agent as the list of agents has it. */
export interface AgentDefinition {
  /** As scenarios name it. */
  readonly name: string;
  /** The agent of a scenario: its name and its settings. */
  readonly schema: z.ZodObject<{ name: z.ZodLiteral<string> }, z.core.$strict>;
  /** Whether its name is enough, because each setting has a default. */
  readonly takesDefaults: boolean;
  /** Gives the settings that are left out their defaults. Throws ZodError for settings that are not its own. */
  readonly specOf: (given: AgentSpec) => AgentSpec;
  /** The agent with the settings of a scenario. Throws ZodError for settings that are not its own. */
  readonly open: (spec: AgentSpec) => ChosenAgent;
}

/**
 * Puts together all that is known of an agent: what a scenario may set, where it takes releases from, and how it is
 * driven. `settings` must be strict and may have defaults but no transforms: recordings keep them as JSON, and read them
 * again. What an agent cannot do, its UpdateAgent does not have.
 */
export function defineAgent<Settings extends z.ZodObject>({
  name,
  settings,
  source,
  needs = () => [],
  abilities = () => [],
  create,
}: {
  name: string;
  settings: Settings;
  source: (settings: z.output<Settings>) => AgentSource;
  /** Programs without which a device cannot be upgraded by it; left out: whatever the device has will do. */
  needs?: (settings: z.output<Settings>) => readonly string[];
  /** What the agent claims to do; left out: nothing that not every agent does. */
  abilities?: (settings: z.output<Settings>) => readonly Ability[];
  create: (settings: z.output<Settings>) => UpdateAgent;
}): AgentDefinition {
  const read = (spec: AgentSpec) =>
    settings.parse(Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'name')));
  return {
    name,
    schema: settings.safeExtend({ name: z.literal(name) }),
    takesDefaults: settings.safeParse({}).success,
    specOf: (given) => ({ name, ...read(given) }),
    open: (spec) => {
      const chosen = read(spec);
      return {
        ...create(chosen),
        name,
        source: source(chosen),
        needs: needs(chosen),
        abilities: abilities(chosen),
      };
    },
  };
}
