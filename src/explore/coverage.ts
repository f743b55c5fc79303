import { givenUpBy, undecidedBy } from '../model/states.ts';
import type { Cells } from './cells.ts';
import type { CellsRead, Space } from './space.ts';
import {
  type AxisName,
  axisNames,
  type Segment,
  type StateClass,
  type StateRef,
  type SubsetState,
  stateClasses,
} from './states.ts';

/** What a state's status is where no boot has decided it; a boot's number (0 or more) otherwise. */
const undecided = -1;
const noState = -2;
const skipped = -3;

/** States of each stateClass. */
export type ClassCounts = Record<StateClass, number>;

/** How far a space is decided. */
export interface Tally {
  all: ClassCounts;
  decided: ClassCounts;
  /** Not tried, because their epoch had failed already. */
  skipped: ClassCounts;
  undecided: ClassCounts;
}

/** Which states of a space are decided, and by which boot. */
export class Coverage {
  private readonly space: Space;
  private readonly status: Record<AxisName, Int32Array>;
  private readonly subsetStatus: Int32Array;
  /** States that are being booted. */
  private readonly underWay = new Set<StateRef>();
  /** States to begin with, and how many of them, from the first on, are decided or given up. */
  private readonly first: readonly StateRef[];
  private firstDone = 0;
  /** How many states there are, and how many boots have decided. */
  readonly all: number;
  decided = 0;

  /** `first`: states to boot before all others, as far as they are not decided until then. */
  constructor(space: Space, first: readonly StateRef[] = []) {
    this.space = space;
    this.first = first;
    this.status = Object.fromEntries(axisNames.map((name) => [name, this.initial(name)])) as Record<
      AxisName,
      Int32Array
    >;
    this.subsetStatus = new Int32Array(space.subsets.length).fill(undecided);
    this.all = axisNames.reduce(
      (sum, name) => sum + count(this.status[name], undecided),
      space.subsets.length,
    );
  }

  /**
   * The state to boot next: the next one of those to begin with; after them the middle of the longest stretch of
   * undecided ones on the first axis that has any, with the subsets before the torn ones that are left. Stretches of which a state is under way come last, since that boot may well decide all of them.
   * Undefined where none is left.
   */
  next(): StateRef | undefined {
    const first = this.nextOfFirst();
    if (first !== undefined) return first;
    const stretches = axisNames.map((axis) => ({
      axis,
      ...longestStretches(this.status[axis], this.positionsUnderWay(axis)),
    }));
    const [head, none, ...tears] = stretches;
    for (const { axis, free } of [head, none].filter(isThere))
      if (free !== undefined) return { axis, position: free };
    const busy = new Set([...this.underWay].map((ref) => ('subset' in ref ? ref.subset : -1)));
    const subset = this.subsetStatus.findIndex((status, i) => status === undecided && !busy.has(i));
    if (subset >= 0) return { subset };
    for (const { axis, free } of tears) if (free !== undefined) return { axis, position: free };
    for (const { axis, beside } of stretches) if (beside !== undefined) return { axis, position: beside };
    return undefined;
  }

  private nextOfFirst(): StateRef | undefined {
    const { first } = this;
    const isOpen = (ref: StateRef) => this.statusOf(ref) === undecided;
    for (let ref = first[this.firstDone]; ref !== undefined && !isOpen(ref); ref = first[this.firstDone])
      this.firstDone += 1;
    for (let i = this.firstDone; i < first.length; i += 1) {
      const ref = first[i];
      if (ref !== undefined && isOpen(ref) && !this.underWay.has(ref)) return ref;
    }
    return undefined;
  }

  begin(ref: StateRef): void {
    this.underWay.add(ref);
  }

  end(ref: StateRef): void {
    this.underWay.delete(ref);
  }

  get busy(): boolean {
    return this.underWay.size > 0;
  }

  /** The boot that decided a state; undefined where none did. */
  decidedBy(ref: StateRef): number | undefined {
    const status = this.statusOf(ref);
    return status >= 0 ? status : undefined;
  }

  /** Whether a state was given up. */
  isSkipped(ref: StateRef): boolean {
    return this.statusOf(ref) === skipped;
  }

  /**
   * Boot `boot` of a state has read `read`: decides it, and every undecided state of the same upgrade that agrees.
   * Returns how many that were.
   */
  decide(ref: StateRef, boot: number, read: CellsRead): number {
    const own = this.statusOf(ref) < 0 ? 1 : 0;
    this.set(ref, boot);
    const fresh = own + this.setAlike(ref, boot, read);
    this.decided += fresh;
    return fresh;
  }

  /** Gives up a state of which `read` is known, and every one of the same upgrade that agrees; but what is decided stays. */
  skipAlike(ref: StateRef, read: CellsRead): void {
    this.setAlike(ref, skipped, read);
  }

  /** Gives up the undecided states of a state's epoch, in the same upgrade: it has failed, and that is known. */
  skipEpoch(ref: StateRef): void {
    const { epoch, window } = this.space.placeOf(ref);
    const { upgrade } = this.windowOf(window);
    const isGivenUp = (place: Segment | SubsetState) =>
      place.epoch === epoch && this.windowOf(place.window).upgrade === upgrade;
    for (const name of axisNames) {
      const status = this.status[name];
      for (const segment of this.space.line(name).segments)
        if (isGivenUp(segment))
          for (let position = segment.from; position < segment.to; position += 1)
            if (status[position] === undecided) status[position] = skipped;
    }
    this.space.subsets.forEach((state, i) => {
      if (this.subsetStatus[i] === undecided && isGivenUp(state)) this.subsetStatus[i] = skipped;
    });
  }

  /**
   * Runs of positions of an axis that one boot has decided (`by` is its number), or nobody yet (-1), or that are given up
   * (-2). Positions that are no state are in none.
   */
  runsOf(name: AxisName): { from: number; to: number; by: number }[] {
    const status = this.status[name];
    const runs: { from: number; to: number; by: number }[] = [];
    for (let from = 0, to = 0; from < status.length; from = to) {
      const value = status[from] ?? noState;
      while (to < status.length && status[to] === value) to += 1;
      if (value !== noState) runs.push({ from, to, by: byOf(value) });
    }
    return runs;
  }

  /** The same of one subset. */
  subsetBy(subset: number): number {
    return byOf(this.subsetStatus[subset] ?? undecided);
  }

  tally(): Tally {
    const zero = () => Object.fromEntries(stateClasses.map((stateClass) => [stateClass, 0])) as ClassCounts;
    const tally: Tally = { all: zero(), decided: zero(), skipped: zero(), undecided: zero() };
    this.space.eachState((ref, stateClass) => {
      const status = this.statusOf(ref);
      const part = status >= 0 ? tally.decided : status === skipped ? tally.skipped : tally.undecided;
      part[stateClass] += 1;
      tally.all[stateClass] += 1;
    });
    return tally;
  }

  /** Sets the status of all undecided states that agree with one; returns how many that were. */
  private setAlike(ref: StateRef, value: number, read: CellsRead): number {
    const { upgrade } = this.windowOf(this.space.placeOf(ref).window);
    let fresh = 0;
    const bases = {} as Record<AxisName, Int32Array>;
    for (const name of axisNames) {
      const mismatches = this.space.mismatches(name, read);
      bases[name] = mismatches;
      const status = this.status[name];
      for (const { from, to, window } of this.space.line(name).segments) {
        if (this.windowOf(window).upgrade !== upgrade) continue;
        for (let position = from; position < to; position += 1)
          if (mismatches[position] === 0 && status[position] === undecided) {
            status[position] = value;
            fresh += 1;
          }
      }
    }
    const wanted = wantedByCell(this.space.cells, read);
    this.space.subsets.forEach((state, i) => {
      if (this.subsetStatus[i] !== undecided || this.windowOf(state.window).upgrade !== upgrade) return;
      if (!this.space.subsetMatches(state, bases[state.axis], wanted)) return;
      this.subsetStatus[i] = value;
      fresh += 1;
    });
    return fresh;
  }

  private set(ref: StateRef, value: number): void {
    if ('subset' in ref) this.subsetStatus[ref.subset] = value;
    else this.status[ref.axis][ref.position] = value;
  }

  private statusOf(ref: StateRef): number {
    return ('subset' in ref ? this.subsetStatus[ref.subset] : this.status[ref.axis][ref.position]) ?? noState;
  }

  private initial(name: AxisName): Int32Array {
    const { axis, segments } = this.space.line(name);
    const status = new Int32Array(axis.length).fill(noState);
    for (const segment of segments)
      for (let position = segment.from; position < segment.to; position += 1)
        if (this.space.classAt(name, position, segment) !== undefined) status[position] = undecided;
    return status;
  }

  private positionsUnderWay(axis: AxisName): number[] {
    return [...this.underWay].flatMap((ref) => ('axis' in ref && ref.axis === axis ? [ref.position] : []));
  }

  private windowOf(window: Segment['window']): { upgrade: number } {
    return this.space.windows[window] ?? { upgrade: -1 };
  }
}

function isThere<T>(item: T | undefined): item is T {
  return item !== undefined;
}

function byOf(status: number): number {
  return status === skipped ? givenUpBy : status < 0 ? undecidedBy : status;
}

function count(list: Int32Array, value: number): number {
  let found = 0;
  for (const item of list) if (item === value) found += 1;
  return found;
}

function wantedByCell(cells: Cells, read: CellsRead): Int32Array {
  const wanted = new Int32Array(cells.count).fill(-1);
  read.cells.forEach((cell, i) => {
    wanted[cell] = read.contents[i] ?? -1;
  });
  return wanted;
}

/**
 * The middles of the longest runs of undecided positions: of those that have none under way (`free`), and of what those
 * under way leave of the others (`beside`).
 */
function longestStretches(
  status: Int32Array,
  busy: readonly number[],
): { free: number | undefined; beside: number | undefined } {
  const taken = new Set(busy);
  const free = { length: 0, middle: undefined as number | undefined };
  const beside = { length: 0, middle: undefined as number | undefined };
  const keep = (best: typeof free, from: number, to: number) => {
    if (to - from <= best.length) return;
    best.length = to - from;
    best.middle = from + ((to - from) >> 1);
  };
  let from = -1;
  let part = -1;
  let shared = false;
  for (let position = 0; position <= status.length; position += 1) {
    const open = position < status.length && status[position] === undecided;
    const own = open && taken.size > 0 && taken.has(position);
    if (open && from < 0) from = position;
    if (open && !own && part < 0) part = position;
    if (own) shared = true;
    if ((own || !open) && part >= 0) {
      keep(beside, part, position);
      part = -1;
    }
    if (open || from < 0) continue;
    if (!shared) keep(free, from, position);
    from = -1;
    shared = false;
  }
  return { free: free.middle, beside: beside.middle };
}
