import type { StateKind } from '../model/scenario.ts';
import { type CrashState, stateMaps } from '../writelog/crash-state.ts';
import type { WriteLog } from '../writelog/log.ts';
import { fromBase, zeroed } from '../writelog/sector-map.ts';
import { stateId } from '../writelog/state-id.ts';
import type { Window } from '../writelog/windows.ts';
import type { Axis } from './axis.ts';
import type { Cells } from './cells.ts';
import type { Contents } from './contents.ts';
import { LiveState } from './live-state.ts';
import { type Layout, type Line, layOut, type SpaceOptions } from './space-builder.ts';
import {
  type AxisName,
  axisNames,
  type Segment,
  type StateClass,
  type StateRef,
  type SubsetState,
} from './states.ts';

/** Sectors in the atom of drives with 4096-byte sectors. */
const largeAtom = 8;

/** The sectors of one disk that a boot looked at before it wrote them; some in both ways. */
export interface SectorsRead {
  /** By readers that have recovered the file system they are in; and what is in none that has a journal. */
  recovered: Iterable<number>;
  /** By readers that took the file system as it was. */
  raw: Iterable<number>;
}

/** What a boot read, in terms of a space: cells and the content that each had. */
export interface CellsRead {
  cells: Int32Array;
  contents: Int32Array;
}

/** All crash states of one log that a run is about, and which of them agree on what a boot read. */
export class Space {
  readonly log: WriteLog;
  readonly windows: readonly Window[];
  readonly cells: Cells;
  readonly contents: Contents;
  readonly subsets: readonly SubsetState[];
  private readonly options: SpaceOptions;
  private readonly layout: Layout;
  /** How many cells there were when the states were laid out: no state differs in the sector of a later one. */
  private readonly laidOut: number;
  /** The state whose contents were last looked up whole. */
  private whole: { ref: StateRef; contents: Int32Array } | undefined;
  /** The subset that was last asked about, and what its cells hold that are not as on its axis. */
  private differing: { subset: number; contents: ReadonlyMap<number, number> } | undefined;

  constructor(options: SpaceOptions) {
    this.options = options;
    this.log = options.log;
    this.windows = options.windows;
    this.cells = options.cells;
    this.contents = options.contents;
    this.layout = layOut(options);
    this.laidOut = options.cells.count;
    this.subsets = this.layout.subsets;
  }

  /** The kinds of states that the scenario asks for. */
  get kinds(): readonly StateKind[] {
    return this.options.kinds;
  }

  line(name: AxisName): Line {
    return this.layout.lines[name];
  }

  /** Every state of one kind of place, in order; `visit` is given its stateClass and the segment or subset it is in. */
  eachState(visit: (ref: StateRef, stateClass: StateClass, place: Segment | SubsetState) => void): void {
    for (const axis of axisNames) {
      for (const segment of this.line(axis).segments)
        for (let position = segment.from; position < segment.to; position += 1) {
          const stateClass = this.classAt(axis, position, segment);
          if (stateClass !== undefined) visit({ axis, position }, stateClass, segment);
        }
    }
    this.subsets.forEach((state, subset) => visit({ subset }, state.stateClass, state));
  }

  /** The stateClass of a position of a segment; undefined where the scenario does not ask for it. */
  classAt(axis: AxisName, position: number, segment: Segment): StateClass | undefined {
    if (axis === 'none') return 'lost';
    if (axis !== 'head' || position < segment.to - 1) return 'torn';
    return this.options.kinds.includes('prefix') ? 'prefix' : undefined;
  }

  /** The segment or subset that a state is in. */
  placeOf(ref: StateRef): Segment | SubsetState {
    const place = 'subset' in ref ? this.subsets[ref.subset] : segmentAt(this.line(ref.axis), ref.position);
    if (place === undefined) throw new RangeError('no such state');
    return place;
  }

  classOf(ref: StateRef): StateClass {
    const place = this.placeOf(ref);
    if ('stateClass' in place) return place.stateClass;
    return ('axis' in ref ? this.classAt(ref.axis, ref.position, place) : undefined) ?? 'prefix';
  }

  /** The state as the write log knows it. */
  crashState(ref: StateRef): CrashState {
    const place = this.placeOf(ref);
    if ('shape' in place) return { at: place.at, shape: place.shape };
    const { at, seq, from, to } = place;
    if (!('axis' in ref) || ref.axis === 'none') return { at, shape: { kind: 'lost', keep: 'none' } };
    const sectors = ref.position - from + 1;
    if (ref.axis === 'head' && ref.position === to - 1) return { at, shape: { kind: 'prefix' } };
    return { at, shape: { kind: 'torn', seq, part: ref.axis, sectors } };
  }

  /** The space's own name for a state of its log; undefined where it is none of the space's. */
  refOf({ at, shape }: CrashState): StateRef | undefined {
    if (shape.kind === 'torn') return this.refOn(shape.part, ({ seq }) => seq === shape.seq, shape.sectors);
    if (shape.kind === 'prefix') return this.refOn('head', (segment) => segment.at === at);
    if (shape.kind === 'lost' && shape.keep === 'none')
      return this.refOn('none', (segment) => segment.at === at);
    const id = stateId({ at, shape });
    const subset = this.subsets.findIndex((state) => state.at === at && stateId(state) === id);
    return subset < 0 ? undefined : { subset };
  }

  /** The state of a segment's first sectors; of all of them where it is not said how many. */
  private refOn(axis: AxisName, isIt: (segment: Segment) => boolean, sectors?: number): StateRef | undefined {
    const segment = this.line(axis).segments.find(isIt);
    if (segment === undefined) return undefined;
    const position = sectors === undefined ? segment.to - 1 : segment.from + sectors - 1;
    const isThere = position >= segment.from && position < segment.to;
    return isThere && this.classAt(axis, position, segment) !== undefined ? { axis, position } : undefined;
  }

  /** How many torn states a drive with atoms of 4096 bytes has too: those torn between two 4 KiB blocks of the disk. */
  countBlockTears(): number {
    let count = 0;
    for (const name of ['head', 'tail', 'zero'] as const)
      for (const { seq, from, to } of this.line(name).segments) {
        const record = this.options.log.records[seq];
        const tears = name === 'head' ? to - from - 1 : to - from;
        if (record === undefined || tears < 1) continue;
        const first = Math.floor(record.sector / largeAtom);
        count += Math.floor((record.sector + record.count - 1) / largeAtom) - first;
      }
    return count;
  }

  /** What a cell holds in a state. */
  contentIn(ref: StateRef, cell: number): number {
    if (cell >= this.laidOut) return this.wholeOf(ref)[cell] ?? 0;
    if ('axis' in ref) return this.line(ref.axis).axis.contentAt(cell, ref.position);
    const { axis, position } = this.subsets[ref.subset] as SubsetState;
    return this.differingIn(ref.subset).get(cell) ?? this.line(axis).axis.contentAt(cell, position);
  }

  /** What every cell holds in any crash state of the log, also one that is none of the space's. */
  contentsOf(state: CrashState): Int32Array {
    const { log, parts } = this.options;
    const live = new LiveState(this.cells, parts);
    const maps = stateMaps(log, state);
    for (let cell = 0; cell < this.cells.count; cell += 1) {
      if (this.cells.ownOf(cell) !== undefined) continue;
      const source = maps[this.cells.disk(cell)]?.[this.cells.sector(cell)] ?? fromBase;
      if (source !== fromBase) live.put(cell, source === zeroed ? 0 : this.contents.writtenAt(source));
    }
    live.settle(() => undefined);
    return live.snapshot();
  }

  private differingIn(subset: number): ReadonlyMap<number, number> {
    if (this.differing?.subset !== subset) {
      const { first, count } = this.subsets[subset] as SubsetState;
      const { cells, after } = this.layout.differences;
      const contents = new Map<number, number>();
      for (let i = first; i < first + count; i += 1) contents.set(cells.at(i), after.at(i));
      this.differing = { subset, contents };
    }
    return this.differing.contents;
  }

  private wholeOf(ref: StateRef): Int32Array {
    if (this.whole?.ref !== ref || this.whole.contents.length < this.cells.count)
      this.whole = { ref, contents: this.contentsOf(this.crashState(ref)) };
    return this.whole.contents;
  }

  /**
   * What a boot of a state read (`contentOf` its cells), from the sectors that it looked at before it wrote them, by disk. Sectors
   * that no state differs in are left out. The way in which each journal reads is always in it, with all that recovery
   * changes: what it has written over is read later without being looked at on the disk before.
   */
  cellsRead(contentOf: (cell: number) => number, sectors: readonly SectorsRead[]): CellsRead {
    const cells = this.cellsOf(sectors);
    for (const part of this.options.parts) {
      cells.add(part.readingCell);
      for (const cell of part.changedBy(contentOf(part.changedCell))) cells.add(cell);
    }
    const list = Int32Array.from(cells).sort();
    return { cells: list, contents: list.map(contentOf) };
  }

  /** The cells of sectors, by disk; those that no state differs in are left out. */
  private cellsOf(sectors: readonly SectorsRead[]): Set<number> {
    const cells = new Set<number>();
    sectors.forEach(({ recovered, raw }, disk) => {
      for (const sector of recovered) {
        const cell = this.cells.find(disk, sector);
        if (cell >= 0) cells.add(cell);
      }
      for (const sector of raw) {
        const cell = this.cells.find(disk, sector);
        if (cell >= 0) cells.add(this.cells.findRawOf(cell) ?? cell);
      }
    });
    return cells;
  }

  /** How many cells of `read` differ at each position of an axis. */
  mismatches(name: AxisName, { cells, contents }: CellsRead): Int32Array {
    const { axis } = this.line(name);
    const counts = new Int32Array(axis.length + 1);
    axis.addMismatches(cells, contents, counts);
    for (let position = 1; position < counts.length; position += 1)
      counts[position] = (counts[position] ?? 0) + (counts[position - 1] ?? 0);
    return counts;
  }

  /** Whether a subset agrees with `wanted` (by cell, -1 where nothing was read); `base`: mismatches on its axis. */
  subsetMatches({ position, first, count }: SubsetState, base: Int32Array, wanted: Int32Array): boolean {
    const { cells, before, after } = this.layout.differences;
    let mismatches = base[position] ?? 0;
    for (let i = first; i < first + count; i += 1) {
      const want = wanted[cells.at(i)] ?? -1;
      if (want < 0) continue;
      if (after.at(i) !== want) return false;
      if (before.at(i) !== want) mismatches -= 1;
    }
    return mismatches === 0;
  }
}

/** The segment that a position lies in, by bisection. */
function segmentAt(
  { segments }: { axis: Axis; segments: readonly Segment[] },
  position: number,
): Segment | undefined {
  let low = 0;
  let high = segments.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((segments[middle]?.from ?? 0) <= position) low = middle;
    else high = middle;
  }
  const segment = segments[low];
  return segment !== undefined && position >= segment.from && position < segment.to ? segment : undefined;
}
