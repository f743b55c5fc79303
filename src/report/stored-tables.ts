import { z } from 'zod';
import type { CopyRecord, FileFate } from '../model/configuration.ts';
import {
  type InstalledPackage,
  type SoftwareChange,
  type SoftwareTable,
  softwareChangeKinds,
} from '../model/software.ts';
import { plainMoments, type StepId } from '../model/steps.ts';

const name = z.string();
const check = { check: name };
/** Which step it is, as records have it. */
export const stepIdSchema: z.ZodType<StepId> = z.discriminatedUnion('moment', [
  z.object({ moment: z.enum(plainMoments), ...check }),
  z.object({ moment: z.enum(['upgrade', 'before-reboot']), upgrade: name, ...check }),
  z.object({ moment: z.enum(['faulty', 'repaired']), upgrade: name, fault: name, ...check }),
  z.object({ moment: z.literal('case'), at: name, faulty: z.literal(true).exactOptional(), ...check }),
]);

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

export const fateSchema: z.ZodType<FileFate> = z.object({
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
  texts: z.object({ owner: z.string(), now: z.string() }).exactOptional(),
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

/** What became of the owner's files. Older programs noted no id. */
export const configurationSchema = formerlyStep(
  'check',
  z.object({ id: stepIdSchema.exactOptional(), check: name, files: z.array(fateSchema) }),
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

/** What an upgrade made of the packages. */
export const softwareSchema: z.ZodType<SoftwareTable> = formerlyStep(
  'upgrade',
  z.object({
    upgrade: z.string(),
    diff: z.object({ changes: z.array(change), unchanged: z.int().min(0) }),
    documents: z.array(below),
  }),
);
