import { z } from 'zod';
import { manifestSchema } from '../image/manifest.ts';
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

/** What a boot of a finding's state needs of its image, and read of its disks. */
const carried = z.object({
  /** Its boot files and key are named by their place in `files`. */
  manifest: manifestSchema
    .refine(({ qemu }) => qemu.machineOptions === undefined, 'a finding gives QEMU no options of its own')
    .refine(({ qemu }) => (qemu.memoryMiB ?? 0) <= 16_384, 'a device has 16 GiB of memory at most')
    .refine(({ disks }) => disks.every(({ id }) => /^[\w-]{1,32}$/.test(id)), 'a disk has a short name'),
  /** Their sizes: whole files, one after the other, after the data of the levels. */
  files: z
    .array(
      z
        .int()
        .min(0)
        .max(64 << 20),
    )
    .max(3),
  /** Of each disk what it holds (`data`) and what no boot has asked for (`zero`); the data come last. */
  disks: z.array(
    z.array(z.union([z.tuple([z.literal('data'), sectors]), z.tuple([z.literal('zero'), sectors])])),
  ),
});

/** The line that a finding begins with, of this program or an older one. */
export const headerSchema = z.object({
  format: z.literal(findingFormat),
  token: z.string(),
  reason: z.string(),
  scenario: scenarioSchema,
  inputs: inputsSchema,
  /** What booted it; not in findings of older programs. */
  made: z.object({ qemu: z.string() }).exactOptional(),
  configuration: filesSchema,
  odd: oddSchema,
  /** `step` is the file's word for the upgrade's position in its path. */
  window: z
    .object({ step: z.int().min(0), phase: z.string().transform(phaseName), from: tick, to: tick })
    .transform(({ step, ...rest }) => ({ upgrade: step, ...rest })),
  /** The recording first; then what a device wrote that came up after a cut. */
  levels: z.array(level).min(1),
  /** Of one that replays without its image. */
  carried: carried.exactOptional(),
});

/** What a finding says of itself. */
export type FindingHeader = z.output<typeof headerSchema>;

/** What is written as that line: a state by its id, and a scenario as `storeScenario` has it. */
export type WrittenHeader = Omit<z.input<typeof headerSchema>, 'scenario' | 'inputs'> & {
  scenario: object;
  inputs: object;
};
