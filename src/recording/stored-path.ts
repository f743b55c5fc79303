import { z } from 'zod';
import type { ConfigurationTable, CopyRecord, FileFate } from '../model/configuration.ts';
import type { PathRecord, StepRecord } from '../model/record.ts';
import {
  type InstalledPackage,
  type SoftwareChange,
  type SoftwareTable,
  softwareChangeKinds,
} from '../model/software.ts';

const step: z.ZodType<StepRecord> = z.object({
  name: z.string(),
  verdict: z.enum(['passed', 'failed', 'error', 'unknown']),
  seconds: z.number().min(0),
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
    'merged',
    'replaced with copy',
    'damaged',
    'lost',
    'recreated',
    'default',
    'stale default',
  ]),
  digests: z.object({
    owner: z.string(),
    shippedBefore: z.string().exactOptional(),
    shippedNow: z.string().exactOptional(),
    now: z.string(),
  }),
  copy: z.string().exactOptional(),
  copies: z.array(copy),
});

const configuration: z.ZodType<ConfigurationTable> = z.object({ step: z.string(), files: z.array(fate) });

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

const software: z.ZodType<SoftwareTable> = z.object({
  step: z.string(),
  diff: z.object({ changes: z.array(change), unchanged: z.int().min(0) }),
  documents: z.array(below),
});

/** A path that passed, as a recording keeps it: without console logs, and without problems. */
export const pathSchema: z.ZodType<PathRecord> = z.object({
  releases: z.array(z.string()).min(1),
  steps: z.array(step),
  configuration: z.array(configuration).exactOptional(),
  software: z.array(software).exactOptional(),
});
