import { z } from 'zod';
import type { PathRecord } from '../model/record.ts';
import { stepOf } from '../model/step-of-text.ts';
import { configurationSchema, softwareSchema, stepIdSchema } from '../report/stored-tables.ts';
import { variantSchema } from './inputs.ts';

const step = z.object({
  /** Older programs noted the text alone. */
  id: stepIdSchema.exactOptional(),
  name: z.string(),
  verdict: z.enum(['passed', 'failed', 'error', 'unknown']),
  seconds: z.number().min(0),
  note: z.string().exactOptional(),
});

/** A path that passed, as a recording keeps it: without console logs, and without problems. */
export const pathSchema: z.ZodType<PathRecord> = z
  .object({
    releases: z.array(z.string()).min(1),
    recording: variantSchema.exactOptional(),
    steps: z.array(step),
    configuration: z.array(configurationSchema).exactOptional(),
    software: z.array(softwareSchema).exactOptional(),
    notes: z.array(z.string()).exactOptional(),
  })
  .transform(({ steps, configuration: tables, ...path }) => ({
    ...path,
    steps: steps.map((one) => ({ ...one, id: one.id ?? stepOf(one.name, path.releases) })),
    ...(tables === undefined
      ? {}
      : { configuration: tables.map((one) => ({ ...one, id: one.id ?? stepOf(one.check, path.releases) })) }),
  }));
