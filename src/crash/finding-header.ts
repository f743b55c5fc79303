import { z } from 'zod';
import { phaseName } from '../model/scenario.ts';
import { inputsSchema } from '../recording/inputs.ts';
import { filesSchema, oddSchema } from '../recording/stored-files.ts';
import { scenarioSchema } from '../recording/stored-scenario.ts';
import { parseStateId } from '../writelog/state-id.ts';

/** The first words of every finding. */
export const findingFormat = 'brownout finding 1';

/** As many sectors as an arena holds: 1 TiB. */
const sectors = z
  .int()
  .min(0)
  .max(2 ** 31);
const tick = z.int().min(0);

const piece = z.union([
  z.tuple([z.literal('data'), sectors]),
  z.tuple([z.literal('zero'), sectors]),
  z.tuple([z.literal('input'), z.string(), sectors, sectors]),
]);

const state = z.string().transform((id, context) => {
  const found = parseStateId(id);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: `${JSON.stringify(id.slice(0, 60))} names no crash state` });
  return z.NEVER;
});

/** One log with the data of its writes, as a finding file has it. */
const level = z.object({
  name: z.string(),
  sha256: z.string(),
  log: z.string(),
  state,
  pieces: z.array(piece),
});

/** The line that a finding begins with, of this program or an older one. */
export const headerSchema = z.object({
  format: z.literal(findingFormat),
  token: z.string(),
  reason: z.string(),
  scenario: scenarioSchema,
  inputs: inputsSchema,
  configuration: filesSchema,
  odd: oddSchema,
  /** `step` is the file's word for the upgrade's position in its path. */
  window: z
    .object({ step: z.int().min(0), phase: z.string().transform(phaseName), from: tick, to: tick })
    .transform(({ step, ...rest }) => ({ upgrade: step, ...rest })),
  /** The recording first; then what a device wrote that came up after a cut. */
  levels: z.array(level).min(1),
});

/** What a finding says of itself. */
export type FindingHeader = z.output<typeof headerSchema>;

/** What is written as that line: a state by its id, and a scenario as `storeScenario` has it. */
export type WrittenHeader = Omit<z.input<typeof headerSchema>, 'scenario' | 'inputs'> & {
  scenario: object;
  inputs: object;
};
