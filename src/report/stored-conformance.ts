import { z } from 'zod';
import { parseStored } from '../core/stored.ts';
import { abilities, type CaseRecord, type ConformanceRecord, roles } from '../model/conformance.ts';
import { findingSchema, problemSchema, stepSchema } from './stored-record.ts';

const text = z.string();
const seconds = z.number().min(0);

/** A case as `conformance.json` has it. */
export const caseSchema: z.ZodType<CaseRecord> = z.object({
  id: text,
  group: text,
  title: text,
  verdict: z.enum([
    'passed',
    'failed',
    'unknown',
    'error',
    'not-applicable',
    'ability-missing',
    'proves-nothing',
  ]),
  seconds,
  steps: z.array(stepSchema),
  reason: text.exactOptional(),
  problem: problemSchema.exactOptional(),
  notes: z.array(text),
  findings: z.array(findingSchema).exactOptional(),
  done: text.exactOptional(),
});

const suite: z.ZodType<ConformanceRecord> = z.object({
  format: z.literal(1),
  id: text,
  scenario: text,
  scenarioFile: text,
  machine: text,
  image: text,
  imageKey: text,
  agent: text,
  abilities: z.array(z.enum(abilities)),
  releases: z.partialRecord(z.enum(roles), text),
  verdict: z.enum(['passed', 'failed', 'error', 'unknown']),
  started: text,
  seconds,
  cases: z.array(caseSchema),
  problem: problemSchema.exactOptional(),
});

/** Reads `conformance.json`, one suite or several. Throws Error, which names the field that is damaged. */
export function readSuites(stored: string): ConformanceRecord[] {
  return parseStored(stored, z.array(suite).min(1));
}
