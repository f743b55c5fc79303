import type { Space } from './space.ts';
import type { AxisName, Segment, StateRef } from './states.ts';
import type { PlaceOf } from './write-places.ts';

/** What a device wrote in one window between two flushes. */
interface Batch {
  window: number;
  epoch: number;
  /** Where the writes are on the axis `head`, in order. */
  writes: Segment[];
  /** Of each kind of place the last write, the kind with the fewest writes first. */
  lastOf: Segment[];
  /** Of the writes of several sectors the smallest. */
  tearable: Segment | undefined;
}

/**
 * The states with which a search begins. Of each batch of writes between two flushes: half of it, its last write alone,
 * all of it, a torn write, nothing of it, the last write to each kind of place alone or missing; the latter first where
 * one flush covers several kinds of places. Batches are of one kind that went to the same kinds of places in the same
 * window: each kind gets a state before one gets its second, the riskiest first, and the windows take turns. A boot decides all states that read alike, so this order decides when a fault is
 * found, and not how many boots it takes to decide everything.
 */
export function firstCandidates(space: Space, placeOf: PlaceOf): StateRef[] {
  const batches = batchesOf(space, placeOf);
  const statesOf = statesByBatch(space, [...batches.values()].flat());
  const windows = new Map<number, StateRef[][][]>();
  for (const alike of [...batches.values()].sort(riskiestFirst)) {
    const window = alike[0]?.window ?? -1;
    const levels = diagonals(fromTheMiddle(alike).map(statesOf));
    windows.set(window, [...(windows.get(window) ?? []), levels]);
  }
  return inTurns(
    [...windows.keys()].sort((a, b) => a - b).map((window) => inTurns(windows.get(window) ?? []).flat()),
  );
}

/** Kinds of batches: those that went to the most kinds of places first, then those of several writes, then the rarest. */
function riskiestFirst(one: readonly Batch[], other: readonly Batch[]): number {
  const places = ([batch]: readonly Batch[]) => batch?.lastOf.length ?? 0;
  const several = (alike: readonly Batch[]) => Number(alike.some(({ writes }) => writes.length > 1));
  return places(other) - places(one) || several(other) - several(one) || one.length - other.length;
}

/** The batches of a space by kind, each list in order. */
function batchesOf(space: Space, placeOf: PlaceOf): Map<string, Batch[]> {
  const found = new Map<string, Segment[]>();
  for (const segment of space.line('head').segments) {
    const key = keyOf(segment);
    const writes = found.get(key);
    if (writes === undefined) found.set(key, [segment]);
    else writes.push(segment);
  }
  const kinds = new Map<string, Batch[]>();
  for (const writes of found.values()) {
    const [first] = writes;
    if (first === undefined) continue;
    const byPlace = new Map<string, Segment[]>();
    for (const write of writes) {
      const record = space.log.records[write.seq];
      const place = record === undefined ? '' : placeOf(record);
      byPlace.set(place, [...(byPlace.get(place) ?? []), write]);
    }
    const { window, epoch } = first;
    const batch: Batch = {
      window,
      epoch,
      writes,
      lastOf: [...byPlace.values()].sort((a, b) => a.length - b.length).flatMap((of) => of.at(-1) ?? []),
      tearable: writes.filter((write) => lengthOf(write) > 1).sort((a, b) => lengthOf(a) - lengthOf(b))[0],
    };
    const kind = `${window} ${[...byPlace.keys()].sort().join(', ')}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), batch]);
  }
  return kinds;
}

/** Gives of a batch the states to try, in order. */
function statesByBatch(space: Space, batches: readonly Batch[]): (batch: Batch) => StateRef[] {
  const losses = lossesOf(space, batches);
  const torn = new Map(
    (['tail', 'zero'] as const).map((axis) => [
      axis,
      new Map(space.line(axis).segments.map((segment) => [segment.seq, segment])),
    ]),
  );
  const nothing = new Map(space.line('none').segments.map((segment) => [keyOf(segment), segment.from]));
  return (batch) => {
    const { writes, lastOf, tearable } = batch;
    const last = writes.at(-1);
    const at = (axis: AxisName, position: number | undefined): StateRef[] =>
      position === undefined ? [] : [{ axis, position }];
    const lost = (keep: 'only' | 'all-but', write: Segment): StateRef[] => {
      const subset = losses.get(`${keep} ${write.seq}`);
      return subset === undefined ? [] : [{ subset }];
    };
    const tears = (['tail', 'zero'] as const).flatMap((axis) => {
      const segment = tearable === undefined ? undefined : torn.get(axis)?.get(tearable.seq);
      return at(axis, segment === undefined ? undefined : middle(segment));
    });
    const others = lastOf.filter((write) => write !== last);
    const half = writes[(writes.length - 1) >> 1];
    const between = at('head', half === undefined ? undefined : half.to - 1);
    const alone = last === undefined ? [] : lost('only', last);
    const bulk = others.at(-1);
    const missing = bulk === undefined ? [] : lost('all-but', bulk);
    const states = [
      ...(lastOf.length > 1 ? [...missing, ...alone, ...between] : [...between, ...alone]),
      ...(writes.length > 1 ? at('head', last === undefined ? undefined : last.to - 1) : []),
      ...at('head', tearable === undefined ? undefined : middle(tearable)),
      ...at('none', nothing.get(keyOf(batch))),
      ...others.flatMap((write) => lost('only', write)),
      ...lastOf.flatMap((write) => (write === bulk ? [] : lost('all-but', write))),
      ...tears,
    ];
    return states.filter((ref) => isAsked(space, ref));
  };
}

/** Of the last writes of batches, the states in which they alone are there, or missing: `only 17` to the state's number. */
function lossesOf({ subsets }: Space, batches: readonly Batch[]): Map<string, number> {
  const wanted = new Set(batches.flatMap(({ lastOf }) => lastOf.map(({ seq }) => seq)));
  const found = new Map<string, number>();
  subsets.forEach(({ shape }, subset) => {
    if (shape.kind !== 'lost' || shape.keep === 'none' || !wanted.has(shape.seq)) return;
    const key = `${shape.keep} ${shape.seq}`;
    if (!found.has(key)) found.set(key, subset);
  });
  return found;
}

/** Whether the scenario asks for states of this kind. */
function isAsked(space: Space, ref: StateRef): boolean {
  if ('subset' in ref) return true;
  const segment = space.placeOf(ref);
  return 'from' in segment && space.classAt(ref.axis, ref.position, segment) !== undefined;
}

function keyOf({ window, epoch }: { window: number; epoch: number }): string {
  return `${window} ${epoch}`;
}

/** Positions that tear a write, and the one at which it is whole. */
function lengthOf({ from, to }: Segment): number {
  return to - from;
}

/** A position in which half of a write is there. */
function middle({ from, to }: Segment): number {
  return from + Math.floor((to - from - 1) / 2);
}

/** A list's middle, then the middles of what is left on either side, and so on. */
function fromTheMiddle<T>(list: readonly T[]): T[] {
  const order: T[] = [];
  const parts = [list];
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part.length === 0) continue;
    const at = (part.length - 1) >> 1;
    order.push(...part.slice(at, at + 1));
    parts.push(part.slice(0, at), part.slice(at + 1));
  }
  return order;
}

/** Level by level: the first of the first list; the second of that and the first of the second; and so on. */
function diagonals<T>(lists: readonly (readonly T[])[]): T[][] {
  const levels: T[][] = [];
  lists.forEach((list, i) => {
    list.forEach((item, k) => {
      const level = levels[i + k] ?? [];
      levels[i + k] = level;
      level.push(item);
    });
  });
  return levels;
}

/** The first of each list, then the second of each, and so on. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) =>
    lists.flatMap((list) => list.slice(turn, turn + 1)),
  ).flat();
}
