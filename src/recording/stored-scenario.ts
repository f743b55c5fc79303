import { z } from 'zod';
import { agents } from '../agents/index.ts';
import { deletedPromises, editedPromises, everythingPreserved } from '../model/configuration.ts';
import { machineNames } from '../model/machine.ts';
import { disturbances } from '../model/recording.ts';
import {
  type ConfigurationEntry,
  cutPhases,
  type FaultyAttempt,
  fileFaults,
  hawkbitFaults,
  hawkbitRequests,
  type ProvisionStep,
  phaseName,
  publishingFaults,
  type Scenario,
  stateKinds,
} from '../model/scenario.ts';
import { agentSchema } from '../scenario/agent-schema.ts';
import { agentSpec } from '../scenario/load.ts';

const milliseconds = z.int().min(0);
const text = z.string();

const provisionStep: z.ZodType<ProvisionStep> = z.union([
  z.strictObject({ install: z.object({ packages: z.array(text) }) }),
  z.strictObject({
    write: z.object({ path: text, content: text, mode: z.int().min(0).max(0o7777).exactOptional() }),
  }),
  z.strictObject({ append: z.object({ path: text, content: text }) }),
  z.strictObject({ edit: z.object({ path: text, replace: text, with: text }) }),
  z.strictObject({ delete: z.object({ path: text }) }),
  z.strictObject({ link: z.object({ path: text, to: text }) }),
  z.strictObject({ run: text }),
]);

const configurationEntry: z.ZodType<ConfigurationEntry> = z.union([
  text,
  z.object({
    path: text,
    follow: z.literal(true).exactOptional(),
    attributes: z.literal(true).exactOptional(),
  }),
]);

const faultyAttempt: z.ZodType<FaultyAttempt> = z.object({
  name: text,
  fault: z.enum([...fileFaults, ...publishingFaults, ...hawkbitFaults]),
  package: text.exactOptional(),
  bytesPerSecond: z.int().min(1).exactOptional(),
  on: z.enum(hawkbitRequests).exactOptional(),
  times: z.int().min(1).exactOptional(),
  oneOf: z.array(z.enum(['old', 'new'])).exactOptional(),
  at: z.union([
    z.strictObject({ byte: z.int().min(0) }),
    z.strictObject({ share: z.number().min(0).max(1) }),
  ]),
});

/** What programs of all times wrote down as the expectations of a scenario: what digests of inputs are made over. */
const expectSchema = z.object({
  bootsWithinMs: milliseconds,
  firstBootWithinMs: milliseconds,
  installsWithinMs: milliseconds,
  upgrade: z.enum(['succeeds', 'falls-back']),
  release: z.union([z.literal('unchecked'), z.array(z.enum(['old', 'new']))]),
  broken: z.record(text, z.array(text)),
  outcomes: z.enum(['two', 'unchecked']),
  configuration: z.union([
    z.enum(['preserved', 'unchecked']),
    z.object({ edited: z.enum(editedPromises), deleted: z.enum(deletedPromises) }),
  ]),
  retry: z.enum(['succeeds', 'unchecked']),
  rollback: z.enum(['succeeds', 'unchecked']),
  // What follows is left out where it is what a scenario has that says nothing: digests stay as they were.
  confirmedBoots: z.int().min(0).exactOptional(),
  releaseAfter: z.partialRecord(z.enum(cutPhases), z.array(z.enum(['old', 'new']))).exactOptional(),
  fallback: z.literal('lasts').exactOptional(),
  changedByScripts: z.array(text).exactOptional(),
});

/** Starts of a confirmed device where a scenario says nothing. */
const usualConfirmedBoots = 4;

/** Expectations as they are written down. */
export type StoredExpect = z.input<typeof expectSchema>;

/** A scenario in a recording or a finding, of this program or an older one. */
export const scenarioSchema = z
  .object({
    name: text,
    source: z.object({ path: text, sha256: text }),
    machines: z.array(z.enum(machineNames)),
    image: text,
    agent: agentSchema(agents).transform((given) => agentSpec(given, agents)),
    releases: z.array(text),
    paths: z.array(z.array(text).min(1)),
    provision: z.array(provisionStep),
    configuration: z.array(configurationEntry),
    checks: z.array(
      z.object({
        name: text,
        run: text,
        when: z.literal('always').exactOptional(),
        afterMs: milliseconds.exactOptional(),
      }),
    ),
    console: z.object({ allow: z.array(text), require: z.array(text) }).exactOptional(),
    clock: z.object({ start: text, afterCut: z.enum(['kept', 'epoch']) }).exactOptional(),
    conformance: z
      .object({
        setting: text.exactOptional(),
        data: z.object({ write: text, read: text }).exactOptional(),
      })
      .exactOptional(),
    server: z
      .object({
        hawkbit: z.object({
          ...{ address: text, tenant: text },
          credentials: z.union([z.object({ environment: text }), z.object({ file: text })]),
        }),
      })
      .exactOptional(),
    network: z.literal('open').exactOptional(),
    reinstall: z.array(text).exactOptional(),
    feedFaults: z.array(faultyAttempt),
    powerCuts: z.object({
      during: z.array(z.preprocess(phaseName, z.enum(cutPhases))),
      states: z.array(z.enum(stateKinds)),
      inARow: z.int().min(2).exactOptional(),
      resetStorm: z.int().min(1).exactOptional(),
      recordings: z.int().min(1).exactOptional(),
      disturb: z.array(z.enum(disturbances)).exactOptional(),
    }),
    expect: expectSchema,
  })
  .transform(
    ({ feedFaults, expect, ...rest }): Scenario => ({
      ...rest,
      serverFaults: feedFaults,
      expect: restoreExpect(expect),
    }),
  );

/** For JSON that `scenarioSchema` reads. */
export function storeScenario({ serverFaults, expect, ...rest }: Scenario): object {
  return { ...rest, feedFaults: serverFaults, expect: storedExpect(expect) };
}

/** Expectations in the words in which they have always been written down. */
export function storedExpect(expect: Scenario['expect']): StoredExpect {
  const { release, configuration, broken, ...rest } = expect;
  const isStrict =
    configuration?.edited === everythingPreserved.edited &&
    configuration.deleted === everythingPreserved.deleted;
  return {
    bootsWithinMs: rest.bootsWithinMs,
    firstBootWithinMs: rest.firstBootWithinMs,
    installsWithinMs: rest.installsWithinMs,
    upgrade: rest.upgrade,
    release: release === undefined ? 'unchecked' : [...release],
    broken: Object.fromEntries(Object.entries(broken).map(([version, names]) => [version, [...names]])),
    outcomes: rest.outcomes,
    configuration: configuration === undefined ? 'unchecked' : isStrict ? 'preserved' : configuration,
    retry: rest.retry,
    rollback: rest.rollback,
    ...(rest.releaseAfter === undefined
      ? {}
      : {
          releaseAfter: Object.fromEntries(
            Object.entries(rest.releaseAfter).map(([phase, ages]) => [phase, [...ages]]),
          ),
        }),
    ...(rest.changedByScripts === undefined ? {} : { changedByScripts: [...rest.changedByScripts] }),
    ...(rest.fallback === 'lasts' ? { fallback: rest.fallback } : {}),
    ...(rest.confirmedBoots === usualConfirmedBoots ? {} : { confirmedBoots: rest.confirmedBoots }),
  };
}

function restoreExpect({
  release,
  configuration,
  confirmedBoots = usualConfirmedBoots,
  fallback,
  ...rest
}: StoredExpect): Scenario['expect'] {
  return {
    ...rest,
    confirmedBoots,
    fallback: fallback ?? 'unchecked',
    release: release === 'unchecked' ? undefined : release,
    configuration:
      configuration === 'unchecked'
        ? undefined
        : configuration === 'preserved'
          ? everythingPreserved
          : configuration,
  };
}
