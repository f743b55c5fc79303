import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { documentError, type Fault, parseDocument } from '../document/parse.ts';
import { readText } from '../document/read.ts';
import { didYouMean } from '../document/suggest.ts';
import { machineNames } from '../model/machine.ts';
import { type KnownFinding, knownPhases, type Scenario, stateKinds } from '../model/scenario.ts';
import { builtInChecks } from '../model/steps.ts';

/** The list beside scenarios, for all of its folder. */
export const knownFile = 'known-findings.yaml';

const sentence = z.string().trim().min(1).max(1000);

function oneOrMore<T extends z.ZodType>(item: T) {
  return z.union([item, z.array(item).min(1)]);
}

/** An entry, on machines of these names. */
export function knownEntry<Name extends string>(machines: readonly Name[]) {
  return z
    .strictObject({
      cause: z
        .strictObject({
          check: z.string().min(1).max(200).describe('As reports name it: configuration, "retry: release"'),
          phase: oneOrMore(z.enum(knownPhases)).describe(
            'In which the power fails, one or several; no-cut: without a cut',
          ),
          kind: oneOrMore(z.enum(stateKinds))
            .optional()
            .describe('How the crash state differs from all writes until then. Default: any'),
          file: oneOrMore(
            z.string().regex(/^\/[^\0]*$/, { error: 'an absolute path; * stands for any part' }),
          )
            .optional()
            .describe(
              'Paths on the device, `*` and `**` as in a glob: all files that the check names, or one that the blamed ' +
                'writes went to. Default: any',
            ),
        })
        .describe('What a failure is recognised by; all of it must agree'),
      until: z.iso
        .date({ error: 'a date: 2027-03-01' })
        .describe('The last day, in UTC, on which it fails no run'),
      tracker: sentence.describe('Where it was reported'),
      why: sentence,
      machine: oneOrMore(z.enum(machines)).optional().describe('Default: every machine'),
    })
    .describe('A failure that fails no run until a date');
}

type Entry = z.output<ReturnType<typeof knownEntry<(typeof machineNames)[number]>>>;

const fileSchema = z.strictObject({
  known: z.array(
    knownEntry(machineNames).extend({
      scenario: oneOrMore(z.string().min(1))
        .optional()
        .describe('Files of this folder. Default: every scenario of it'),
    }),
  ),
});

/** An entry as a scenario has it. */
export function knownFinding({ cause, until, tracker, why, machine }: Entry): KnownFinding {
  const { check, phase, kind, file } = cause;
  return {
    cause: {
      check,
      phases: listOf(phase),
      ...(kind === undefined ? {} : { kinds: listOf(kind) }),
      ...(file === undefined ? {} : { files: listOf(file) }),
    },
    until,
    tracker,
    why,
    ...(machine === undefined ? {} : { machines: listOf(machine) }),
  };
}

/** What is wrong with entries of a scenario with these checks of its own; paths begin at the list. */
export function knownFaults(
  entries: readonly Pick<Entry, 'cause'>[],
  own: readonly string[],
  ofFile?: string,
): Fault[] {
  return entries.flatMap(({ cause }, i) => {
    const name = cause.check.slice(cause.check.lastIndexOf(': ') + 1).trim();
    const names = [...builtInChecks, ...own];
    if (names.includes(name)) return [];
    const whose =
      ofFile === undefined ? '' : ` of ${ofFile}; if another scenario's is meant, name that (scenario)`;
    return [{ path: [i, 'cause', 'check'], message: `no check "${name}"${whose}${didYouMean(name, names)}` }];
  });
}

/**
 * The entries that a list beside a scenario has for it; none where there is no list. Throws ScenarioError that names
 * file:line:column for each thing that is wrong.
 */
export async function knownBeside({
  source,
  checks,
}: Pick<Scenario, 'source' | 'checks'>): Promise<KnownFinding[]> {
  const folder = dirname(source.path);
  const files = await readdir(folder);
  if (!files.includes(knownFile)) return [];
  const path = join(folder, knownFile);
  const text = await readText(path);
  const { known } = parseDocument(text, path, fileSchema);
  const scenarios = files.filter((file) => /\.ya?ml$/.test(file) && file !== knownFile);
  const strangers = known.flatMap(({ scenario }, i) =>
    listOf(scenario ?? []).flatMap((name, j): Fault[] =>
      scenarios.includes(name)
        ? []
        : [
            {
              path: ['known', i, 'scenario', ...(typeof scenario === 'string' ? [] : [j])],
              message: `no file "${name}" in this folder${didYouMean(name, scenarios)}`,
            },
          ],
    ),
  );
  const own = basename(source.path);
  const isOwn = ({ scenario }: { scenario?: string | string[] | undefined }) =>
    scenario === undefined || listOf(scenario).includes(own);
  const names = checks.map(({ name }) => name);
  const wrong = known.flatMap((entry, i) =>
    isOwn(entry)
      ? knownFaults([entry], names, own).map((fault) => ({
          ...fault,
          path: ['known', i, ...fault.path.slice(1)],
        }))
      : [],
  );
  if (strangers.length + wrong.length > 0) throw documentError(text, path, [...strangers, ...wrong]);
  return known.filter(isOwn).map(knownFinding);
}

function listOf<T>(given: T | readonly T[]): T[] {
  return Array.isArray(given) ? [...(given as readonly T[])] : [given as T];
}
