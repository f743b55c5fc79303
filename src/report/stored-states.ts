import { z } from 'zod';
import { parseStored } from '../core/stored.ts';
import { verdicts } from '../model/record.ts';
import { givenUpBy, type LineName, lineNames, type StatesRecord, type TraceStates } from '../model/states.ts';

const count = z.number().int().min(0);
/** A moment that may never have come, or the number of something that may not be there. */
const orNone = z.number().int().min(-1);
/** A boot of the stage, or nobody. */
const by = z.number().int().min(givenUpBy);

const lines = <T extends z.ZodType>(rows: T) =>
  z.strictObject({ head: rows, none: rows, tail: rows, zero: rows } satisfies Record<LineName, T>);

const stage = z.strictObject({
  name: z.enum(['whole', 'retry', 'second-cut', 'third-cut', 'fourth-cut', 'reset-storm']),
  boots: z.array(
    z.strictObject({
      cut: z.string(),
      verdict: z.enum(verdicts),
      outcome: z.string(),
    }),
  ),
  runs: lines(z.array(z.tuple([count, count, by]))),
  listed: z.array(z.tuple([z.string(), by])),
});

const trace = z.strictObject({
  name: z.string(),
  releases: z.array(z.string()),
  recording: z.string().exactOptional(),
  after: z.string().exactOptional(),
  token: z.string(),
  disks: z.array(z.strictObject({ id: z.string(), sectors: count })),
  phases: z.array(
    z.strictObject({ upgrade: z.string(), phase: z.string(), from: count, to: count, cut: z.boolean() }),
  ),
  places: z.array(z.string()),
  writes: z.array(z.tuple([count, count, count, count, count, orNone, orNone])),
  flushes: z.array(z.tuple([count, count, count, orNone])),
  lines: lines(z.array(z.tuple([count, count]))),
  stages: z.array(stage),
});

const states: z.ZodType<StatesRecord> = z.strictObject({
  format: z.literal(1),
  run: z.string(),
  traces: z.array(trace),
});

/** Rows that a line of the file has. */
const rowsALine = 16;

/** `states.json`: JSON, with as much on a line as people can look at. */
export function storeStates({ traces, ...head }: StatesRecord): string {
  const texts = traces.map((one) => fieldsText(one, 1));
  return `${JSON.stringify(head).slice(0, -1)},"traces":[\n${texts.join(',\n')}\n]}\n`;
}

/** An object whose fields have a line each; long lists several. */
function fieldsText(value: object, depth: number): string {
  const indent = ' '.repeat(depth);
  const fields = Object.entries(value).map(([key, field]) => {
    const text =
      key === 'stages'
        ? `[\n${(field as object[]).map((one) => `${indent} ${fieldsText(one, depth + 2)}`).join(',\n')}\n${indent}]`
        : Array.isArray(field)
          ? rowsText(field, indent)
          : JSON.stringify(field);
    return `${indent}${JSON.stringify(key)}:${text}`;
  });
  return `{\n${fields.join(',\n')}\n${indent}}`;
}

function rowsText(rows: readonly unknown[], indent: string): string {
  const lines: string[] = [];
  for (let i = 0; i < rows.length; i += rowsALine)
    lines.push(
      rows
        .slice(i, i + rowsALine)
        .map((row) => JSON.stringify(row))
        .join(','),
    );
  return lines.length < 2
    ? `[${lines.join('')}]`
    : `[\n${lines.map((line) => `${indent} ${line}`).join(',\n')}]`;
}

/**
 * Reads what `storeStates` wrote. Throws Error, which names the field: also where a boot, a place, a disk or a position is
 * named that is not there.
 */
export function readStates(text: string): StatesRecord {
  const record = parseStored(text, states);
  record.traces.forEach((one, i) => assertNumbers(one, `traces[${i}]`));
  return record;
}

function assertNumbers({ disks, places, writes, lines: segments, stages }: TraceStates, where: string): void {
  const refuse = (what: string) => {
    throw new Error(`${where}.${what} is not there`);
  };
  for (const [seq, disk, , , , , place] of writes) {
    if (disk >= disks.length) refuse(`disks[${disk}], of request ${seq},`);
    if (place >= places.length) refuse(`places[${place}], of request ${seq},`);
  }
  const lengths = lineNames.map((line) => segments[line].reduce((sum, [, positions]) => sum + positions, 0));
  stages.forEach(({ boots, runs, listed }, i) => {
    const bys = [
      ...lineNames.flatMap((line) => runs[line].map((run) => run[2])),
      ...listed.map((row) => row[1]),
    ];
    for (const one of bys) if (one >= boots.length) refuse(`stages[${i}].boots[${one}]`);
    lineNames.forEach((line, at) => {
      const last = runs[line].at(-1)?.[1] ?? 0;
      if (last > (lengths[at] ?? 0)) refuse(`lines.${line}, position ${last - 1},`);
    });
  });
}
