import { z } from 'zod';
import { parseStored } from '../core/stored.ts';
import type { KnownAs, KnownRecord } from '../model/known.ts';
import { machineNames } from '../model/machine.ts';
import {
  type CrashRecord,
  type CutRecord,
  type Finding,
  type PathRecord,
  type Problem,
  type RunRecord,
  type StepRecord,
  verdicts,
} from '../model/record.ts';
import { disturbances } from '../model/recording.ts';
import { knownPhases, phaseName, stateKinds } from '../model/scenario.ts';
import { stepOf } from '../model/step-of-text.ts';
import { configurationSchema, fateSchema, softwareSchema, stepIdSchema } from './stored-tables.ts';

const text = z.string();
const count = z.int().min(0);
const seconds = z.number().min(0);
const verdict = z.enum(verdicts);
const claim = z.enum(['exhaustive', 'part', 'unaudited', 'sampled', 'heuristic']);
const ended = z.enum(['complete', 'bound', 'budget', 'interrupted']);
const stageName = z.preprocess(
  phaseName,
  z.enum(['whole', 'retry', 'second-cut', 'third-cut', 'fourth-cut', 'reset-storm']),
);
/** A file below the run's folder: never one that leads out of it, nor to another host. */
export const below = z
  .string()
  .regex(/^(?![/\\])(?!.*(?:^|\/)\.\.(?:\/|$))[^\0]+$/, 'expected a path below the folder');

export const problemSchema: z.ZodType<Problem> = z.object({
  kind: z.enum(['device', 'scenario', 'harness']),
  code: text,
  message: text,
  log: text.exactOptional(),
  hint: text.exactOptional(),
  paths: z.array(text).exactOptional(),
  fates: z.array(fateSchema).exactOptional(),
});

const knownAs: z.ZodType<KnownAs> = z.object({
  status: z.enum(['known', 'expired']),
  until: text,
  tracker: text,
  why: text,
});

const known: z.ZodType<KnownRecord> = z.object({
  cause: z.object({
    check: text,
    phases: z.array(z.enum(knownPhases)),
    kinds: z.array(z.enum(stateKinds)).exactOptional(),
    files: z.array(text).exactOptional(),
  }),
  until: text,
  tracker: text,
  why: text,
  machines: z.array(z.enum(machineNames)).exactOptional(),
  status: z.enum(['known', 'expired', 'gone', 'not seen']),
});

const step = z.object({
  /** Older programs noted the text alone. */
  id: stepIdSchema.exactOptional(),
  name: text,
  verdict,
  seconds,
  problem: problemSchema.exactOptional(),
  note: text.exactOptional(),
  console: below.exactOptional(),
  known: knownAs.exactOptional(),
});

/** A step as programs of today note it. */
export const stepSchema: z.ZodType<StepRecord> = step.extend({ id: stepIdSchema });

type Unnamed = z.infer<typeof step>;

/** A path as `run.json` has it. */
export const pathSchema: z.ZodType<PathRecord> = z
  .object({
    releases: z.array(text),
    recording: z.object({ number: z.int().min(2), by: z.enum(disturbances).exactOptional() }).exactOptional(),
    steps: z.array(step),
    configuration: z.array(configurationSchema).exactOptional(),
    software: z.array(softwareSchema).exactOptional(),
    notes: z.array(text).exactOptional(),
    taken: text.exactOptional(),
  })
  .transform(({ steps, configuration, ...rest }) => ({
    ...rest,
    steps: steps.map((one): StepRecord => ({ ...one, id: one.id ?? stepOf(one.name, rest.releases) })),
    ...(configuration === undefined
      ? {}
      : {
          configuration: configuration.map((one) => ({
            ...one,
            id: one.id ?? stepOf(one.check, rest.releases),
          })),
        }),
  }));

const afterCut = (one: Unnamed): StepRecord => ({
  ...one,
  id: one.id ?? { moment: 'after-cut', check: one.name },
});

/** Of a booted crash state. */
export const cutSchema: z.ZodType<CutRecord> = z
  .object({
    id: text,
    kind: z.enum(['prefix', 'lost', 'torn', 'subset', 'live', 'naive']),
    path: z.array(text),
    upgrade: text.default(''),
    during: text,
    description: text,
    outcome: text,
    checks: z.array(step),
    verdict,
    seconds,
    console: below.exactOptional(),
    token: text.exactOptional(),
    notes: z.array(text).exactOptional(),
    stage: stageName.exactOptional(),
    decides: count.exactOptional(),
    booted: text.exactOptional(),
    host: text.exactOptional(),
  })
  .transform(({ checks, ...rest }) => ({ ...rest, checks: checks.map(afterCut) }));

const counts = z.object({
  prefix: count,
  lost: count,
  torn: count,
  subset: count.default(0),
  sampled: count.default(0),
});

const written = z.object({
  places: z.array(text),
  boots: count,
  cuts: z.array(z.object({ cut: text, states: count, decided: count })),
});

const stage = z.object({
  name: stageName,
  states: count,
  decided: count,
  skipped: count,
  boots: count,
  claim,
  ended: ended.default('complete'),
  written: z.array(written).exactOptional(),
});

const group = z.object({
  stage: stageName,
  upgrade: text,
  during: text,
  kind: z.enum(['prefix', 'lost', 'torn', 'subset']),
  states: count,
  skipped: count,
  undecided: count,
  by: z.array(z.object({ cut: text, states: count })),
});

const crash: z.ZodType<CrashRecord> = z.object({
  states: counts,
  decided: counts,
  skipped: count.default(0),
  undecided: count.default(0),
  blockTears: count.default(0),
  boots: count,
  bootsUntilFound: count.exactOptional(),
  audited: count.default(0),
  mismatches: count.default(0),
  audits: z.object({ asked: count, all: z.boolean(), reseeded: count, ended }).exactOptional(),
  rawAgain: z.array(text).exactOptional(),
  unfinished: z.array(text).exactOptional(),
  claim,
  phasesWithoutStates: z.array(text).exactOptional(),
  stages: z.array(stage).default([]),
  snapshots: z.object({ taken: count, restored: count }).default({ taken: 0, restored: 0 }),
  outcomes: z
    .array(z.object({ name: text, stage: stageName.exactOptional(), states: count, example: text }))
    .default([]),
  groups: z.array(group).exactOptional(),
  cuts: z.array(cutSchema),
  recording: z.object({
    sha256: text,
    writes: count,
    flushes: count,
    epochs: count,
    reused: z.boolean(),
    count: count.default(1),
    disturbed: count.default(0),
    paths: count.default(1),
  }),
});

export const findingSchema: z.ZodType<Finding> = z.object({
  check: text,
  step: stepIdSchema.exactOptional(),
  message: text,
  cut: text,
  token: text.default(''),
  during: text,
  states: count.default(1),
  reason: text.exactOptional(),
  minimal: z.array(text).default([]),
  files: z.array(text).default([]),
  file: text.exactOptional(),
  known: knownAs.exactOptional(),
});

const digests = z.record(text, text);

export const hostSchema = z.object({
  node: text,
  qemu: text,
  cores: count,
  accelerator: text,
  acceleratorReason: text.default(''),
});

export const inputsSchema = z.object({
  scenario: text,
  image: text,
  imageKey: text,
  disks: digests,
  bundles: digests,
  packages: digests,
});

const record: z.ZodType<RunRecord> = z.object({
  format: z.literal(1),
  id: text,
  scenario: text,
  scenarioFile: text,
  machine: z.enum(machineNames),
  seed: text,
  powerCuts: text,
  // Guests of older programs reached whatever the host did.
  network: z.enum(['closed', 'open']).default('open'),
  shard: z.object({ index: z.int().min(1), count: z.int().min(1) }).exactOptional(),
  verdict,
  started: text,
  seconds,
  paths: z.array(pathSchema),
  crash: crash.exactOptional(),
  findings: z.array(findingSchema),
  known: z.array(known).exactOptional(),
  problem: problemSchema.exactOptional(),
  timings: z.record(text, z.number()),
  host: hostSchema,
  inputs: inputsSchema,
});

/**
 * Reads `run.json`, also of an older program, whose record lacks parts: a finding without a token has none. Throws Error,
 * which names the field that is damaged.
 */
export function readRecord(stored: string): RunRecord {
  return parseStored(stored, record);
}

/** What a record does not have because an older program wrote it, for people. */
export function missingParts({ crash: explored }: RunRecord): string[] {
  const isExplored = explored !== undefined && explored.stages.length > 0;
  return [
    ...(isExplored && explored.groups === undefined
      ? ['which boots decided the states of each phase and kind']
      : []),
    ...(isExplored && explored.audits === undefined ? ['how many audits were asked for'] : []),
  ];
}
