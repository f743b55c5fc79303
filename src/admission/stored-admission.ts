import { z } from 'zod';
import { parseStored } from '../core/stored.ts';
import { machineNames } from '../model/machine.ts';
import { verdicts } from '../model/record.ts';
import { below, findingSchema, hostSchema, inputsSchema } from '../report/stored-record.ts';
import {
  type Admission,
  type AdmissionRun,
  type Criterion,
  criterionIds,
  type Evidence,
  type PackageAdmission,
} from './admission.ts';
import type { PackageFacts } from './package-facts.ts';

const text = z.string();
const texts = z.array(text);
const verdict = z.enum(verdicts);
const machine = z.enum(machineNames);

const evidence: z.ZodType<Evidence> = z.object({
  subject: text,
  what: text,
  verdict,
  seen: text,
  path: texts,
  step: text.exactOptional(),
  console: below.exactOptional(),
});

const criterion: z.ZodType<Criterion> = z.object({
  id: z.enum(criterionIds),
  machine,
  verdict: z.enum([...verdicts, 'not run', 'not applicable']),
  summary: text,
  evidence: z.array(evidence),
  findings: z.array(findingSchema),
  reproduce: texts,
});

const facts: z.ZodType<PackageFacts> = z.object({
  machine,
  release: text,
  name: text,
  version: text,
  architecture: text,
  file: text,
  sha256: text,
  bytes: z.number(),
  stated: z.partialRecord(z.enum(['Maintainer', 'License', 'Homepage', 'Source', 'Section']), text),
  conffiles: texts,
  units: z.array(z.object({ name: text, active: z.boolean(), why: text })),
});

const run: z.ZodType<AdmissionRun> = z.object({
  id: text,
  machine,
  verdict,
  seconds: z.number(),
  started: text,
  host: hostSchema,
  inputs: inputsSchema,
  folder: below,
  earlier: z.array(z.object({ path: texts, taken: text })).exactOptional(),
});

const onePackage: z.ZodType<PackageAdmission> = z.object({
  name: text,
  verdict,
  builds: z.array(facts),
  missing: z.array(z.object({ machine, release: text })),
  scenario: z.object({ file: text, sha256: text }),
  paths: z.array(texts),
  edits: z.array(z.object({ path: text, content: text })),
  unedited: z.array(z.object({ path: text, why: text })),
  units: texts,
  idle: z.array(z.object({ unit: text, why: text })),
  criteria: z.array(criterion),
  runs: z.array(run),
});

const admission: z.ZodType<Admission> = z.object({
  format: z.literal(1),
  id: text,
  brownout: text,
  created: text,
  verdict,
  image: text,
  agent: text,
  machines: z.array(machine),
  releases: texts,
  powerCuts: text,
  packages: z.array(onePackage),
  toBeStated: texts,
  limits: texts,
});

/** Reads `admission.json`. Throws Error, which names the field that is damaged. */
export function readAdmission(stored: string): Admission {
  return parseStored(stored, admission);
}
