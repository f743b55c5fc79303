import type { Random } from '../core/random.ts';
import type { StateKind } from '../model/scenario.ts';
import type { CrashShape } from '../writelog/crash-state.ts';
import type { LogRecord, WriteLog } from '../writelog/log.ts';
import { epochEnds, OpenWrites } from '../writelog/moments.ts';
import type { Window } from '../writelog/windows.ts';
import { type Axis, AxisBuilder } from './axis.ts';
import type { Cells } from './cells.ts';
import type { Contents } from './contents.ts';
import { IntList } from './int-list.ts';
import type { Interpreter } from './interpretation.ts';
import { LiveState } from './live-state.ts';
import { EpochCounter, WindowFinder } from './log-places.ts';
import { type AxisName, axisNames, type Segment, type SubsetState } from './states.ts';
import { lossesOf } from './subsets.ts';
import { Writers } from './writers.ts';

/** What a space is made from. */
export interface SpaceOptions {
  log: WriteLog;
  /** When the power may fail; in order, not overlapping. */
  windows: readonly Window[];
  kinds: readonly StateKind[];
  contents: Contents;
  cells: Cells;
  parts: readonly Interpreter[];
  /** Draws the subsets of large epochs. */
  random: Random;
}

/** Everything about an axis. */
export interface Line {
  axis: Axis;
  segments: Segment[];
}

/** The states of a log, laid out for comparing. */
export interface Layout {
  lines: Record<AxisName, Line>;
  subsets: SubsetState[];
  /** Of all subsets' differences: cell, its content on the axis, its content in the subset. */
  differences: { cells: IntList; before: IntList; after: IntList };
}

/** Lays out all states of a log: one sweep over it for each way in which states lie on a line. */
export function layOut(options: SpaceOptions): Layout {
  for (const record of options.log.records) touch(options, record);
  const builders = Object.fromEntries(axisNames.map((name) => [name, new AxisBuilder()])) as Record<
    AxisName,
    AxisBuilder
  >;
  const initial = new LiveState(options.cells, options.parts);
  const layout = {
    segments: { head: [], none: [], tail: [], zero: [] } as Record<AxisName, Segment[]>,
    subsets: [] as SubsetState[],
    differences: { cells: new IntList(), before: new IntList(), after: new IntList() },
  };
  const lengths: Record<AxisName, number> = {
    ...new MainSweep(options, builders, layout).run(),
    tail: sweepTears(options, builders.tail, layout.segments.tail, 'tail'),
    zero: sweepTears(options, builders.zero, layout.segments.zero, 'zero'),
  };
  const start = initial.snapshot();
  const line = (name: AxisName): Line => ({
    axis: builders[name].build(lengths[name], start),
    segments: layout.segments[name],
  });
  return {
    lines: { head: line('head'), none: line('none'), tail: line('tail'), zero: line('zero') },
    subsets: layout.subsets,
    differences: layout.differences,
  };
}

function touch({ cells, parts }: SpaceOptions, { disk, sector, count }: LogRecord): void {
  for (let i = 0; i < count; i += 1) {
    const cell = cells.of(disk, sector + i);
    if (parts.some((part) => part.readRaw && part.has(cell))) cells.rawOf(cell);
  }
}

/** What the sectors of a write hold once it is done. */
function contentOf(contents: Contents, { kind, arena }: LogRecord, i: number): number {
  return kind === 'write' ? contents.writtenAt(arena + i) : 0;
}

interface Growing {
  segments: Record<AxisName, Segment[]>;
  subsets: SubsetState[];
  differences: Layout['differences'];
}

/** Plays the log forward once: the axes `head` and `none`, and all subsets. */
class MainSweep {
  private readonly options: SpaceOptions;
  private readonly builders: Record<AxisName, AxisBuilder>;
  private readonly layout: Growing;
  private readonly writers = new Writers();
  private readonly head: LiveState;
  private readonly none: LiveState;
  private readonly open: OpenWrites;
  private position = 0;
  private nonePosition = 0;
  /** Cells that differ, or may, between `none` and what it should be. */
  private stale = new Set<number>();
  private lastOpen: readonly LogRecord[] = [];
  private written = 0;
  private writtenAtLastMoment = -1;

  constructor(options: SpaceOptions, builders: Record<AxisName, AxisBuilder>, layout: Growing) {
    this.options = options;
    this.builders = builders;
    this.layout = layout;
    this.head = new LiveState(options.cells, options.parts);
    this.none = new LiveState(options.cells, options.parts);
    this.open = new OpenWrites(options.log);
  }

  run(): { head: number; none: number } {
    const { log, windows, kinds } = this.options;
    const finder = new WindowFinder(windows);
    const epochs = new EpochCounter(log);
    const moments = windows.flatMap((window, i) => epochEnds(log, window).map((at) => ({ at, window: i })));
    let nextMoment = 0;
    const momentsUntil = (tick: number) => {
      for (
        let moment = moments[nextMoment];
        moment !== undefined && moment.at <= tick;
        moment = moments[nextMoment]
      ) {
        this.moment(moment.at, moment.window, epochs.at(moment.at));
        nextMoment += 1;
      }
    };
    for (const record of log.records) {
      if (record.kind === 'flush') continue;
      momentsUntil(record.issued);
      const window = finder.of(record);
      this.write(record, window, window >= 0 && kinds.includes('torn'), epochs.at(record.issued));
    }
    momentsUntil(Number.POSITIVE_INFINITY);
    return { head: this.position + 1, none: this.nonePosition + 1 };
  }

  private write(record: LogRecord, window: number, torn: boolean, epoch: number): void {
    const from = this.position + 1;
    const { contents, cells } = this.options;
    const changed = (cell: number, content: number) => this.builders.head.note(cell, this.position, content);
    if (!torn) this.position += 1;
    for (let i = 0; i < record.count; i += 1) {
      const cell = cells.of(record.disk, record.sector + i);
      const content = contentOf(contents, record, i);
      this.writers.note(cell, record.seq, content);
      this.stale.add(cell);
      this.head.put(cell, content);
      if (!torn) continue;
      this.position += 1;
      this.head.settle(changed);
    }
    if (!torn) this.head.settle(changed);
    this.written += 1;
    if (window >= 0)
      this.layout.segments.head.push({
        from,
        to: this.position + 1,
        seq: record.seq,
        at: record.issued + 1,
        window,
        epoch,
      });
  }

  /** The states of one epoch's end: writes lost that no flush has saved. */
  private moment(at: number, window: number, epoch: number): void {
    const open = this.open.at(at);
    const same = this.written === this.writtenAtLastMoment && sameRecords(open, this.lastOpen);
    this.settleNone(open);
    if (same || open.length === 0) return;
    this.writtenAtLastMoment = this.written;
    const { kinds, random } = this.options;
    if (kinds.includes('lost'))
      this.layout.segments.none.push({
        from: this.nonePosition,
        to: this.nonePosition + 1,
        seq: -1,
        at,
        window,
        epoch,
      });
    for (const { stateClass, shape } of lossesOf(open, kinds, random.fork(`moment ${at}`)))
      this.subset({ stateClass, at, shape, window, epoch }, open);
  }

  /** Brings the state without open writes up to a moment: a position of its own. */
  private settleNone(open: readonly LogRecord[]): void {
    this.nonePosition += 1;
    for (const record of this.lastOpen) this.eachCell(record, (cell) => this.stale.add(cell));
    for (const record of open) this.eachCell(record, (cell) => this.stale.add(cell));
    const lost = new Set(open.map(({ seq }) => seq));
    const isLost = (seq: number) => lost.has(seq);
    for (const cell of this.stale) this.none.put(cell, this.contentWithout(cell, isLost));
    this.none.settle((cell, content) => this.builders.none.note(cell, this.nonePosition, content));
    this.stale = new Set();
    this.lastOpen = open;
  }

  private subset(
    state: Pick<SubsetState, 'stateClass' | 'at' | 'shape' | 'window' | 'epoch'>,
    open: readonly LogRecord[],
  ): void {
    const lost = new Set(lostOf(state.shape, open));
    const fromHead = lost.size * 2 <= open.length;
    const isLost = (seq: number) => lost.has(seq);
    const changes = new Map<number, number>();
    const change = (cell: number) => {
      if (!changes.has(cell)) changes.set(cell, this.contentWithout(cell, isLost));
    };
    for (const record of open) if (lost.has(record.seq) === fromHead) this.eachCell(record, change);
    const { differences, subsets } = this.layout;
    const first = differences.cells.length;
    (fromHead ? this.head : this.none).whatIf(changes, (cell, content, before) => {
      differences.cells.push(cell);
      differences.before.push(before);
      differences.after.push(content);
    });
    const { stateClass, at, shape, window, epoch } = state;
    // Written out: a spread object would take twice the memory, and there are very many.
    subsets.push({
      stateClass,
      at,
      shape,
      window,
      epoch,
      axis: fromHead ? 'head' : 'none',
      position: fromHead ? this.position : this.nonePosition,
      first,
      count: differences.cells.length - first,
    });
  }

  private contentWithout(cell: number, isLost: (seq: number) => boolean): number {
    return this.writers.without(cell, isLost, this.options.cells.base(cell));
  }

  private eachCell({ disk, sector, count }: LogRecord, visit: (cell: number) => void): void {
    for (let i = 0; i < count; i += 1) visit(this.options.cells.of(disk, sector + i));
  }
}

function lostOf(shape: CrashShape, open: readonly LogRecord[]): readonly number[] {
  if (shape.kind === 'subset') return shape.lost;
  const seqs = open.map(({ seq }) => seq);
  if (shape.kind !== 'lost' || shape.keep === 'none') return seqs;
  return shape.keep === 'all-but' ? [shape.seq] : seqs.filter((seq) => seq !== shape.seq);
}

function sameRecords(a: readonly LogRecord[], b: readonly LogRecord[]): boolean {
  return a.length === b.length && a.every((record, i) => record === b[i]);
}

/** Plays the log forward with each write of a window torn from its end, or with zeros where it was not written. */
function sweepTears(
  { log, windows, kinds, contents, cells, parts }: SpaceOptions,
  builder: AxisBuilder,
  segments: Segment[],
  how: 'tail' | 'zero',
): number {
  if (!kinds.includes('torn')) return 1;
  const finder = new WindowFinder(windows);
  const epochs = new EpochCounter(log);
  const live = new LiveState(cells, parts);
  let position = 0;
  const changed = (cell: number, content: number) => builder.note(cell, position, content);
  const put = (record: LogRecord, i: number, zero = false) => {
    live.put(cells.of(record.disk, record.sector + i), zero ? 0 : contentOf(contents, record, i));
  };
  for (const record of log.records) {
    if (record.kind === 'flush') continue;
    const window = finder.of(record);
    const epoch = epochs.at(record.issued);
    const { count, seq } = record;
    if (window >= 0 && count > 1) {
      const from = position + 1;
      if (how === 'zero') for (let i = 1; i < count; i += 1) put(record, i, true);
      for (let k = 1; k < count; k += 1) {
        position += 1;
        put(record, how === 'zero' ? k - 1 : count - k);
        live.settle(changed);
      }
      segments.push({ from, to: position + 1, seq, at: record.issued + 1, window, epoch });
    }
    for (let i = 0; i < count; i += 1) put(record, i);
    // The whole write belongs to the next position; where the log ends there is none.
    position += 1;
    live.settle(changed);
  }
  return position + 1;
}
