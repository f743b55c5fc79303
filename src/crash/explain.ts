import { CleanupStack } from '../core/cleanup.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Stage } from '../explore/boot.ts';
import { type Cause, type Failure, findCause, type Outcomes } from '../explore/cause.ts';
import { describePlace } from '../filesystem/disk-map.ts';
import type { DiskView } from '../filesystem/view.ts';
import { disksIn, type Trace } from '../recording/trace.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import { type LogRecord, sectorBytes, type WriteLog } from '../writelog/log.ts';
import { type Window, windowsOf } from '../writelog/windows.ts';

/** Writes and places that a reason names. */
const mostNamed = 4;

/** Why a crash state fails, as far as it was found out. */
export interface Reason {
  /** The smallest state that was seen to fail in the same way. */
  state: CrashState;
  /** One sentence. */
  text: string;
  /** The writes that are lost or torn: their number, when they were issued, and where they went. */
  minimal: string[];
  /** The files and other places that these writes are of. */
  files: string[];
}

/** Shrinks a failing state of a trace to the fewest lost or torn writes, and says what they are. */
export async function explain(
  context: RunContext,
  trace: Trace,
  outcomes: Outcomes,
  failure: Failure,
): Promise<Reason> {
  await using stack = new CleanupStack();
  const places = await Places.open(context, trace, failure, stack);
  const { state, cause } = await findCause(outcomes, trace.log, failure);
  return { state, ...reasonOf(cause, places, { ...failure, state }) };
}

function reasonOf(
  cause: Cause,
  places: Places,
  { state, stage }: Pick<Failure, 'state' | 'stage'>,
): Omit<Reason, 'state'> {
  switch (cause.kind) {
    case 'lost':
      return lostReason(places, state, cause.lost);
    case 'torn':
      return tornReason(places, cause);
    case 'between':
      return betweenReason(places, cause, stage);
  }
}

function tornReason(
  places: Places,
  { seq, part, sectors }: Extract<Cause, { kind: 'torn' }>,
): Omit<Reason, 'state'> {
  const named = places.name(seq);
  const what = tornText(part, sectors, places.sectors(seq));
  return {
    text: `${named} was torn, ${what}: what reads it takes half of a write for a whole one, or cannot go on without it`,
    minimal: [`${named}, ${what}`],
    files: places.of(seq),
  };
}

function tornText(part: 'head' | 'tail' | 'zero', sectors: number, count: number): string {
  if (part === 'tail') return `only the last ${sectors} of its ${count} sectors there`;
  return `only the first ${sectors} of its ${count} sectors there${part === 'zero' ? ', zeros after them' : ''}`;
}

/** Nothing was lost: the device is broken between two writes. */
function betweenReason(
  places: Places,
  { last, next }: Extract<Cause, { kind: 'between' }>,
  stage: Stage,
): Omit<Reason, 'state'> {
  const there = last === undefined ? 'nothing' : places.name(last);
  const left = stage === 'retry' ? 'a device whose upgrade cannot be done again' : 'the device broken';
  const missing = next === undefined ? 'anything after it' : places.name(next);
  return {
    text: `${there} is on the disk before ${missing}, and a cut between them leaves ${left} although nothing was lost`,
    minimal: [],
    files: [...(last === undefined ? [] : places.of(last)), ...(next === undefined ? [] : places.of(next))],
  };
}

function lostReason(places: Places, state: CrashState, lost: readonly number[]): Omit<Reason, 'state'> {
  const first = Math.min(...lost);
  const kept = places.lastKept(state, lost);
  const what = lost.slice(0, mostNamed).map((seq) => places.name(seq));
  const more = lost.length > mostNamed ? ` and ${lost.length - mostNamed} more` : '';
  const persisted = kept === undefined ? 'what came later persisted' : `${places.name(kept.seq)} persisted`;
  const between =
    kept === undefined || kept.seq < first
      ? `no flush had covered ${lost.length === 1 ? 'it' : 'them'}`
      : `no flush came between write ${places.number(first)} and write ${places.number(kept.seq)}`;
  return {
    text: `${persisted}, ${what.join(', ')}${more} did not: ${between}`,
    minimal: lost.map((seq) => places.name(seq)),
    files: [...new Set(lost.flatMap((seq) => places.of(seq)))],
  };
}

/** Names the writes of a log by where they went. */
class Places {
  private readonly log: WriteLog;
  private readonly phases: readonly Window[];
  /** What to say outside of all windows: a log without marks is that of one boot. */
  private readonly fallback: string;
  /** With every write up to the cut, and with every write of the log. */
  private readonly views: readonly (readonly DiskView[])[];
  private readonly numbers = new Map<number, number>();

  private constructor(log: WriteLog, window: Window, views: readonly (readonly DiskView[])[]) {
    this.log = log;
    this.phases = windowsOf(log);
    this.fallback = this.phases.length === 0 ? window.phase : 'before';
    this.views = views;
    for (const { kind, seq } of log.records)
      if (kind !== 'flush') this.numbers.set(seq, this.numbers.size + 1);
  }

  static async open(
    context: RunContext,
    trace: Trace,
    { state: { at }, window }: Pick<Failure, 'state' | 'window'>,
    stack: CleanupStack,
  ): Promise<Places> {
    const whole = async (moment: number) =>
      (await disksIn(context, trace, { at: moment, shape: { kind: 'prefix' } }, stack)).views;
    return new Places(trace.log, window, [
      await whole(at),
      await whole(window.to),
      await whole(trace.log.now),
    ]);
  }

  /** How many sectors a write has. */
  sectors(seq: number): number {
    return this.log.records[seq]?.count ?? 0;
  }

  /** The write's number, counted from 1 as people do. */
  number(seq: number): number {
    return this.numbers.get(seq) ?? 0;
  }

  /** `write 41 of install (data: /state (inode 17, bytes 0-4095))`. */
  name(seq: number): string {
    const [first = 'nowhere', second, ...rest] = this.of(seq);
    const places = [
      first,
      ...(rest.length === 0 ? [second ?? []].flat() : [`${rest.length + 1} more places`]),
    ];
    return `write ${this.number(seq)} of ${this.phaseOf(seq)} (${places.join('; ')})`;
  }

  /** What the device was doing when it issued a write. */
  private phaseOf(seq: number): string {
    const issued = this.log.records[seq]?.issued ?? 0;
    return this.phases.find(({ from, to }) => issued >= from && issued < to)?.phase ?? this.fallback;
  }

  /** Where a write went: files, directories, tables; on flash, which sectors. */
  of(seq: number): string[] {
    const record = this.log.records[seq];
    if (record === undefined) return [];
    const { disk, sector, count } = record;
    const [start, length] = [sector * sectorBytes, count * sectorBytes];
    const found = this.views.map((views) => {
      const view = views[disk];
      return view === undefined ? [] : describePlace(view, start, length);
    });
    // What is free at the cut may belong to a file later: delayed allocation, or a rename to come.
    const best =
      found.find((places) => places.some(({ content }) => content.kind !== 'free')) ?? found[0] ?? [];
    const id = this.log.disks[disk]?.id ?? '';
    return [
      ...new Set(best.map(({ text, partition }) => (partition === undefined ? `${id}: ${text}` : text))),
    ];
  }

  /** The latest write that is there although it was not flushed either. */
  lastKept(state: CrashState, lost: readonly number[]): LogRecord | undefined {
    const issued = this.log.records.filter(({ kind, issued: at }) => kind !== 'flush' && at < state.at);
    return issued.findLast(({ seq }) => !lost.includes(seq));
  }
}
