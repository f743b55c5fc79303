import { z } from 'zod';
import type { CopyRecord, FileFate } from '../model/configuration.ts';
import type { PathRecord } from '../model/record.ts';
import {
  type InstalledPackage,
  type SoftwareChange,
  type SoftwareTable,
  softwareChangeKinds,
} from '../model/software.ts';
import { momentTitles, plainMoments, type StepId } from '../model/steps.ts';
import { upgradeName, upgradesOf } from '../model/upgrade.ts';
import { variantSchema } from './inputs.ts';

const name = z.string();
const check = { check: name };
const stepId: z.ZodType<StepId> = z.discriminatedUnion('moment', [
  z.object({ moment: z.enum(plainMoments), ...check }),
  z.object({ moment: z.enum(['upgrade', 'before-reboot']), upgrade: name, ...check }),
  z.object({ moment: z.enum(['faulty', 'repaired']), upgrade: name, fault: name, ...check }),
]);

const step = z.object({
  /** Older programs noted the text alone. */
  id: stepId.exactOptional(),
  name,
  verdict: z.enum(['passed', 'failed', 'error', 'unknown']),
  seconds: z.number().min(0),
  note: z.string().exactOptional(),
});

const copy: z.ZodType<CopyRecord> = z.object({
  path: z.string(),
  holds: z.enum([
    'what the owner had',
    'the new default',
    'the old default',
    'what is live',
    'something else',
  ]),
  spurious: z.boolean(),
});

const fate: z.ZodType<FileFate> = z.object({
  path: z.string(),
  case: z.string(),
  fate: z.enum([
    'preserved',
    'access changed',
    'kind changed',
    'merged',
    'replaced with copy',
    'damaged',
    'lost',
    'recreated',
    'default',
    'stale default',
  ]),
  kinds: z.object({ owner: z.string(), now: z.string() }).exactOptional(),
  note: z.string().exactOptional(),
  digests: z.object({
    owner: z.string(),
    shippedBefore: z.string().exactOptional(),
    shippedNow: z.string().exactOptional(),
    now: z.string(),
  }),
  copy: z.string().exactOptional(),
  copies: z.array(copy),
});

/** Reads what older programs call `step` by its present name. */
function formerlyStep<T>(key: string, schema: z.ZodType<T>): z.ZodType<T> {
  return z.preprocess(
    (value) =>
      typeof value === 'object' && value !== null && 'step' in value
        ? { [key]: value.step, ...value }
        : value,
    schema,
  );
}

const configuration = formerlyStep(
  'check',
  z.object({ id: stepId.exactOptional(), check: name, files: z.array(fate) }),
);

const installed: z.ZodType<InstalledPackage> = z.object({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  state: z.string(),
  licence: z.string().exactOptional(),
  source: z.string().exactOptional(),
  digest: z
    .object({
      of: z.enum(['file', 'header']),
      algorithm: z.enum(['MD5', 'SHA1', 'SHA256']),
      value: z.string(),
    })
    .exactOptional(),
  installedAt: z.number().exactOptional(),
});

const change: z.ZodType<SoftwareChange> = z.object({
  kind: z.enum(softwareChangeKinds),
  name: z.string(),
  before: installed.exactOptional(),
  after: installed.exactOptional(),
  differs: z.array(z.enum(['version', 'architecture', 'licence', 'checksum', 'state'])),
});

/** A path below a folder, as documents are named: never one that leads out of it. */
const below = z
  .string()
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\0]+$/, 'expected a path below the folder');

const software: z.ZodType<SoftwareTable> = formerlyStep(
  'upgrade',
  z.object({
    upgrade: z.string(),
    diff: z.object({ changes: z.array(change), unchanged: z.int().min(0) }),
    documents: z.array(below),
  }),
);

/** A path that passed, as a recording keeps it: without console logs, and without problems. */
export const pathSchema: z.ZodType<PathRecord> = z
  .object({
    releases: z.array(z.string()).min(1),
    recording: variantSchema.exactOptional(),
    steps: z.array(step),
    configuration: z.array(configuration).exactOptional(),
    software: z.array(software).exactOptional(),
    notes: z.array(z.string()).exactOptional(),
  })
  .transform(({ steps, configuration: tables, ...path }) => ({
    ...path,
    steps: steps.map((one) => ({ ...one, id: one.id ?? stepOf(one.name, path.releases) })),
    ...(tables === undefined
      ? {}
      : { configuration: tables.map((one) => ({ ...one, id: one.id ?? stepOf(one.check, path.releases) })) }),
  }));

/** The step of a path that a text of a program without ids is of. Names of faults have no colon. */
export function stepOf(text: string, releases: readonly string[]): StepId {
  const upgrade = upgradesOf(releases)
    .map(upgradeName)
    .find((one) => text.startsWith(`${one} `));
  if (upgrade !== undefined) return stepOfUpgrade(upgrade, text.slice(upgrade.length + 1));
  for (const moment of plainMoments) {
    const title = momentTitles[moment];
    if (title !== undefined && text.startsWith(`${title}: `))
      return { moment, check: text.slice(title.length + 2) };
  }
  return { moment: text === 'rollback' ? 'rollback' : 'in-service', check: text };
}

function stepOfUpgrade(upgrade: string, text: string): StepId {
  const [first = '', second, third] = text.split(': ');
  if (second === undefined) return { moment: 'upgrade', upgrade, check: first };
  if (third !== undefined) return { moment: 'repaired', upgrade, fault: first, check: third };
  if (first === 'before reboot') return { moment: 'before-reboot', upgrade, check: second };
  return { moment: 'faulty', upgrade, fault: first, check: second };
}
