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

/** When a worker goes on with what others have left. */
export interface TakeOver {
  /** Told that its own part of a space is done. */
  onDone: () => void;
  /** Whether those of all spaces are. */
  isDue: () => boolean;
}

/** A worker's own part of a space, where others have the rest. */
export interface Part {
  has: (place: Segment | SubsetState) => boolean;
  /** How it goes on with what others have left when its own part is done; absent: it does not. */
  takeOver?: TakeOver | undefined;
}

/** Which states of a space are decided, and by which boot. Where there is a part, its states alone count. */
export class Coverage {
  private readonly space: Space;
  private readonly part: Part | undefined;
  /** Positions of the part; undefined: all are. */
  private readonly own: Record<AxisName, Uint8Array> | undefined;
  private readonly status: Record<AxisName, Int32Array>;
  private readonly subsetStatus: Int32Array;
  /** States that are being booted here; and by others. */
  private readonly underWay = new Set<StateRef>();
  private elsewhere: readonly StateRef[] = [];
  /** States to begin with, and how many of them, from the first on, are decided or given up. */
  private readonly first: readonly StateRef[];
  private firstDone = 0;
  /** How many states there are, and how many boots have decided. */
  readonly all: number;
  decided = 0;

  /** `first`: states to boot before all others, as far as they are not decided until then. */
  constructor(space: Space, first: readonly StateRef[] = [], part?: Part) {
    this.space = space;
    this.first = first;
    this.part = part;
    this.own = part === undefined ? undefined : this.positionsOf(part);
    this.status = Object.fromEntries(axisNames.map((name) => [name, this.initial(name)])) as Record<
      AxisName,
      Int32Array
    >;
    this.subsetStatus = new Int32Array(space.subsets.length).fill(undecided);
    this.all = axisNames.reduce(
      (sum, name) => sum + countOwn(this.status[name], this.own?.[name]),
      part === undefined ? space.subsets.length : space.subsets.filter(part.has).length,
    );
  }

  /**
   * The state to boot next: the next one of those to begin with; after them the middle of the longest stretch of
   * undecided ones on the first axis that has any, with the subsets before the torn ones that are left. Stretches of which
   * a state is under way come last, since that boot may well decide all of them. Undefined where none is left, but what is under way.
   */
  next(): StateRef | undefined {
    const busy = new Set([...this.underWay, ...this.elsewhere]);
    const own = this.nextWithin(this.own, busy);
    const takeOver = this.part?.takeOver;
    if (own !== undefined || takeOver === undefined) return own;
    if (this.underWay.size === 0) takeOver.onDone();
    return takeOver.isDue() ? this.nextWithin(undefined, busy) : undefined;
  }

  private nextWithin(own: Coverage['own'], busy: ReadonlySet<StateRef>): StateRef | undefined {
    const taken = new Map<AxisName | 'subset', Set<number>>([['subset', new Set()]]);
    for (const axis of axisNames) taken.set(axis, new Set());
    for (const ref of busy)
      if ('subset' in ref) taken.get('subset')?.add(ref.subset);
      else taken.get(ref.axis)?.add(ref.position);
    const isBusy = (of: AxisName | 'subset', at: number) => taken.get(of)?.has(at) === true;
    const first = this.nextOfFirst(own, (ref) =>
      'subset' in ref ? isBusy('subset', ref.subset) : isBusy(ref.axis, ref.position),
    );
    if (first !== undefined) return first;
    const stretches = axisNames.map((axis) => ({
      axis,
      ...longestStretches(this.status[axis], own?.[axis], taken.get(axis) ?? new Set()),
    }));
    const [head, none, ...tears] = stretches;
    for (const { axis, free } of [head, none].filter(isThere))
      if (free !== undefined) return { axis, position: free };
    const subset = this.subsetStatus.findIndex(
      (status, i) => status === undecided && !isBusy('subset', i) && (own === undefined || this.hasSubset(i)),
    );
    if (subset >= 0) return { subset };
    for (const { axis, free } of tears) if (free !== undefined) return { axis, position: free };
    for (const { axis, beside } of stretches) if (beside !== undefined) return { axis, position: beside };
    return undefined;
  }

  private nextOfFirst(own: Coverage['own'], isBusy: (ref: StateRef) => boolean): StateRef | undefined {
    const { first } = this;
    const isOpen = (ref: StateRef) => this.statusOf(ref) === undecided;
    for (let ref = first[this.firstDone]; ref !== undefined && !isOpen(ref); ref = first[this.firstDone])
      this.firstDone += 1;
    for (let i = this.firstDone; i < first.length; i += 1) {
      const ref = first[i];
      if (ref !== undefined && isOpen(ref) && (own === undefined || this.isOwn(ref)) && !isBusy(ref))
        return ref;
    }
    return undefined;
  }

  /** Whether a state is of the part; all are where there is none. */
  isOwn(ref: StateRef): boolean {
    if ('subset' in ref) return this.hasSubset(ref.subset);
    return this.own === undefined || this.own[ref.axis][ref.position] === 1;
  }

  private hasSubset(subset: number): boolean {
    const state = this.space.subsets[subset];
    return this.part === undefined || (state !== undefined && this.part.has(state));
  }

  /** Leaves states to others, who boot them now. */
  leave(refs: readonly StateRef[]): void {
    this.elsewhere = refs;
  }

  /** Whether states are left to others that are not decided. */
  get hasLeft(): boolean {
    const isOpen = (ref: StateRef) => this.statusOf(ref) === undecided;
    if (this.elsewhere.some(isOpen)) return true;
    return this.part?.takeOver !== undefined && this.nextWithin(undefined, new Set()) !== undefined;
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
   * Boot `boot` of a state has read `read`: decides it, and every state of the same upgrade that agrees and was undecided or
   * given up; so which states are decided does not hang on the order of the boots. Returns how many that were.
   */
  decide(ref: StateRef, boot: number, read: CellsRead): number {
    const itself = this.statusOf(ref) < 0 && this.isOwn(ref) ? 1 : 0;
    this.set(ref, boot);
    const fresh = itself + this.setAlike(ref, boot, read);
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
    const own = this.own?.[name];
    const valueAt = (at: number) => (own === undefined || own[at] === 1 ? (status[at] ?? noState) : noState);
    for (let from = 0, to = 0; from < status.length; from = to) {
      const value = valueAt(from);
      while (to < status.length && valueAt(to) === value) to += 1;
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
      if (!this.isOwn(ref)) return;
      const status = this.statusOf(ref);
      const part = status >= 0 ? tally.decided : status === skipped ? tally.skipped : tally.undecided;
      part[stateClass] += 1;
      tally.all[stateClass] += 1;
    });
    return tally;
  }

  /**
   * Sets the status of all states that agree with one and are undecided, or given up where it decides them; returns how
   * many of the part that were.
   */
  private setAlike(ref: StateRef, value: number, read: CellsRead): number {
    const isOpen = (status: number | undefined) =>
      status === undecided || (status === skipped && value !== skipped);
    const { upgrade } = this.windowOf(this.space.placeOf(ref).window);
    let fresh = 0;
    const bases = {} as Record<AxisName, Int32Array>;
    for (const name of axisNames) {
      const mismatches = this.space.mismatches(name, read);
      bases[name] = mismatches;
      const status = this.status[name];
      const own = this.own?.[name];
      for (const { from, to, window } of this.space.line(name).segments) {
        if (this.windowOf(window).upgrade !== upgrade) continue;
        for (let position = from; position < to; position += 1)
          if (mismatches[position] === 0 && isOpen(status[position])) {
            status[position] = value;
            if (own === undefined || own[position] === 1) fresh += 1;
          }
      }
    }
    const wanted = wantedByCell(this.space.cells, read);
    this.space.subsets.forEach((state, i) => {
      if (!isOpen(this.subsetStatus[i]) || this.windowOf(state.window).upgrade !== upgrade) return;
      if (!this.space.subsetMatches(state, bases[state.axis], wanted)) return;
      this.subsetStatus[i] = value;
      if (this.hasSubset(i)) fresh += 1;
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

  private positionsOf({ has }: Part): Record<AxisName, Uint8Array> {
    const on = (name: AxisName) => {
      const { axis, segments } = this.space.line(name);
      const own = new Uint8Array(axis.length);
      for (const segment of segments) if (has(segment)) own.fill(1, segment.from, segment.to);
      return own;
    };
    return Object.fromEntries(axisNames.map((name) => [name, on(name)])) as Record<AxisName, Uint8Array>;
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

/** How many positions are states, of those that count. */
function countOwn(status: Int32Array, own: Uint8Array | undefined): number {
  let found = 0;
  for (let at = 0; at < status.length; at += 1)
    if (status[at] !== noState && (own === undefined || own[at] === 1)) found += 1;
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
 * The middles of the longest runs of undecided positions, of `own` where given: of those that have none under way (`free`), and of what those
 * under way leave of the others (`beside`).
 */
function longestStretches(
  status: Int32Array,
  own: Uint8Array | undefined,
  taken: ReadonlySet<number>,
): { free: number | undefined; beside: number | undefined } {
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
    const open =
      position < status.length &&
      status[position] === undecided &&
      (own === undefined || own[position] === 1);
    const busy = open && taken.size > 0 && taken.has(position);
    if (open && from < 0) from = position;
    if (open && !busy && part < 0) part = position;
    if (busy) shared = true;
    if ((busy || !open) && part >= 0) {
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
