import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import type { Booted, BootStage } from '../explore/boot.ts';
import type { CutRecord } from '../model/record.ts';
import { cutSchema } from '../report/stored-record.ts';

/** A boot of a crash state with all that an exploration is told of it: true whoever booted it, and whenever. */
export interface BootFact {
  /** Of the trace that the state is of. */
  sha256: string;
  /** The state's name in its log. */
  state: string;
  /** How it was booted. */
  retry: boolean;
  seed: number;
  /** Not to decide the state, but because a boot of another one had; or to explain a failure. */
  cold: boolean;
  /** Drawn, to hold to account what another boot had decided. */
  audit: boolean;
  /** When, in ISO 8601, and on which host. */
  booted: string;
  host: string;
  record: CutRecord;
  stages: BootStage[];
  /** Where the device wrote until it had come back. */
  places: string[];
}

/**
 * Ascending sector numbers as gaps and lengths in turn, deflated: a boot reads long runs. Inflated when they are asked for, since
 * of many facts few are.
 */
const sectors = z.base64().transform(
  (text): Iterable<number> => ({
    [Symbol.iterator]: () =>
      numbersOf(JSON.parse(inflateRawSync(Buffer.from(text, 'base64')).toString()) as number[]),
  }),
);

const factSchema: z.ZodType<BootFact> = z.object({
  sha256: z.string(),
  state: z.string(),
  retry: z.boolean(),
  seed: z.int().min(0),
  cold: z.boolean(),
  audit: z.boolean(),
  booted: z.string(),
  host: z.string(),
  record: cutSchema,
  stages: z.array(
    z.object({
      stage: z.enum(['whole', 'retry']),
      verdict: z.enum(['passed', 'failed', 'error', 'unknown']),
      outcome: z.string(),
      sectorsRead: z.array(z.object({ recovered: sectors, raw: sectors })),
    }),
  ),
  places: z.array(z.string()),
});

/** What a ledger keeps of a fact: JSON. */
export function storeFact({ stages, ...fact }: BootFact): unknown {
  return {
    ...fact,
    stages: stages.map(({ stage, verdict, outcome, sectorsRead }) => ({
      ...{ stage, verdict, outcome },
      sectorsRead: sectorsRead.map(({ recovered, raw }) => ({
        recovered: deflated(recovered),
        raw: deflated(raw),
      })),
    })),
  };
}

/** The fact that `storeFact` gave; undefined where it is none. */
export function restoreFact(stored: unknown): BootFact | undefined {
  return factSchema.safeParse(stored).data;
}

/** The boot as an exploration takes it: its time is that of the run that made it. */
export function bootedOf({ record, stages, booted }: BootFact): Booted<CutRecord> {
  return { record: { ...record, seconds: 0, booted }, stages };
}

/** A record whose consoles are elsewhere: `moved` says of each path where; undefined: nowhere. */
export function withConsoles(record: CutRecord, moved: (console: string) => string | undefined): CutRecord {
  const move = <T extends { console?: string }>({ console, ...rest }: T) => {
    const to = console === undefined ? undefined : moved(console);
    return { ...rest, ...(to === undefined ? {} : { console: to }) };
  };
  return { ...move(record), checks: record.checks.map(move) };
}

function deflated(numbers: Iterable<number>): string {
  const runs: number[] = [];
  let end = 0;
  for (const number of numbers) {
    if (number === end && runs.length > 0) runs[runs.length - 1] = (runs.at(-1) ?? 0) + 1;
    else runs.push(number - end, 1);
    end = number + 1;
  }
  return deflateRawSync(JSON.stringify(runs)).toString('base64');
}

function* numbersOf(runs: readonly number[]): Generator<number> {
  let at = 0;
  for (let i = 0; i < runs.length; i += 2) {
    at += runs[i] ?? 0;
    for (const end = at + (runs[i + 1] ?? 0); at < end; at += 1) yield at;
  }
}
