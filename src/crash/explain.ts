import { CleanupStack } from '../core/cleanup.ts';
import type { RunContext } from '../device/run-context.ts';
import { describePlace } from '../filesystem/disk-map.ts';
import type { DiskView } from '../filesystem/view.ts';
import { disksIn, type Trace } from '../recording/trace.ts';
import { type CrashState, lostWrites } from '../writelog/crash-state.ts';
import { durabilityAt } from '../writelog/durability.ts';
import { type LogRecord, sectorBytes, type WriteLog } from '../writelog/log.ts';
import { type Window, windowsOf } from '../writelog/windows.ts';
import type { Stage } from './decide.ts';
import type { Exploration } from './explore.ts';
import { knownOutcome } from './known-outcomes.ts';
import { shrink } from './shrink.ts';

/** Boots that the search for one reason may take. */
const maxBoots = 12;
/** Writes and places that a reason names. */
const mostNamed = 4;

/** Why a crash state fails, as far as it was found out. */
export interface Reason {
  /** The smallest state that was seen to fail in the same way. */
  state: CrashState;
  window: Window;
  /** One sentence. */
  text: string;
  /** The writes that are lost or torn: their number, when they were issued, and where they went. */
  minimal: string[];
  /** The files and other places that these writes are of. */
  files: string[];
}

/** A state that fails, and how. */
export interface Failure {
  state: CrashState;
  window: Window;
  stage: Stage;
  outcome: string;
}

/** Shrinks a failing state to the fewest lost or torn writes, and says what they are. */
export async function explain(
  context: RunContext,
  exploration: Exploration,
  failure: Failure,
): Promise<Reason> {
  const search = new Search(exploration, failure);
  const { state, window } = failure;
  const { optional } = durabilityAt(exploration.trace.log, state.at);
  const lost = lostWrites(state.shape, optional);
  await using stack = new CleanupStack();
  const places = await Places.open(context, exploration.trace, state, window, stack);
  if (state.shape.kind === 'torn') return await tornReason(search, places, state, window);
  if (lost.length === 0) return prefixReason(exploration, places, failure);
  const minimal = await shrink(lost, (some) => search.fails(withLost(state.at, some)));
  const at = await search.earliest(minimal, state.at);
  return lostReason(places, withLost(at, minimal), window);
}

function withLost(at: number, lost: readonly number[]): CrashState {
  return lost.length === 0 ? { at, shape: { kind: 'prefix' } } : { at, shape: { kind: 'subset', lost } };
}

/** Asks whether other states fail like the first one, within a bound of boots. */
class Search {
  private readonly exploration: Exploration;
  private readonly window: Window;
  private readonly stage: Stage;
  private readonly outcome: string;
  private readonly bootsAtStart: number;

  constructor(exploration: Exploration, { window, stage, outcome }: Failure) {
    this.exploration = exploration;
    this.window = window;
    this.stage = stage;
    this.outcome = outcome;
    this.bootsAtStart = exploration.boots.length;
  }

  /** Undefined where the bound is reached. */
  async fails(state: CrashState): Promise<boolean | undefined> {
    if (this.exploration.boots.length - this.bootsAtStart >= maxBoots) return undefined;
    const { verdict, outcome } = await this.exploration.outcomeOf(state, this.window, this.stage);
    return verdict === 'failed' && outcome === this.outcome;
  }

  /** The earliest cut, not before the last of the lost writes, with which their loss is still fatal; by bisection. */
  async earliest(lost: readonly number[], at: number): Promise<number> {
    const { records } = this.exploration.trace.log;
    const last = records[lost.at(-1) ?? -1]?.issued ?? 0;
    const cuts = records
      .filter(({ kind, issued }) => kind !== 'flush' && issued > last && issued < at)
      .map(({ issued }) => issued + 1);
    let low = -1;
    let high = cuts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const cut = cuts[middle] ?? at;
      const stillOpen = durabilityAt(this.exploration.trace.log, cut).optional.map(({ seq }) => seq);
      const failed = lost.every((seq) => stillOpen.includes(seq))
        ? await this.fails(withLost(cut, lost))
        : false;
      if (failed === undefined) break;
      if (failed) high = middle;
      else low = middle;
    }
    return cuts[high] ?? at;
  }
}

async function tornReason(
  search: Search,
  places: Places,
  state: CrashState,
  window: Window,
): Promise<Reason> {
  const { shape } = state;
  const seq = 'seq' in shape ? shape.seq : -1;
  if (await search.fails(withLost(state.at, [seq])))
    return lostReason(places, withLost(state.at, [seq]), window);
  const what =
    shape.kind === 'torn' ? tornText(shape.part, shape.sectors, places.record(seq)?.count ?? 0) : '';
  const named = places.name(seq);
  return {
    state,
    window,
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
function prefixReason(
  exploration: Exploration,
  places: Places,
  { state, window, stage, outcome }: Failure,
): Reason {
  const writes = exploration.trace.log.records.filter(({ kind }) => kind !== 'flush');
  const at = writes.findLastIndex(({ issued }) => issued < state.at);
  const fails = (index: number) => {
    const write = writes[index];
    if (write === undefined || write.issued < window.from) return false;
    const prefix: CrashState = { at: write.issued + 1, shape: { kind: 'prefix' } };
    const contents = exploration.space.contentsOf(prefix);
    const known = knownOutcome(exploration.boots, contents, window, stage);
    return known?.verdict === 'failed' && known.outcome === outcome;
  };
  let first = at;
  while (fails(first - 1)) first -= 1;
  let end = at;
  while (fails(end + 1)) end += 1;
  const [last, next] = [writes[first], writes[end + 1]];
  const there = last === undefined ? 'nothing' : places.name(last.seq);
  const missing = next === undefined ? 'anything after it' : places.name(next.seq);
  return {
    state,
    window,
    text: `${there} is on the disk before ${missing}, and a cut between them leaves the device broken although nothing was lost`,
    minimal: [],
    files: [
      ...(last === undefined ? [] : places.of(last.seq)),
      ...(next === undefined ? [] : places.of(next.seq)),
    ],
  };
}

function lostReason(places: Places, state: CrashState, window: Window): Reason {
  const lost = state.shape.kind === 'subset' ? state.shape.lost : [];
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
    state,
    window,
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
    { at }: CrashState,
    window: Window,
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

  record(seq: number): LogRecord | undefined {
    return this.log.records[seq];
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
