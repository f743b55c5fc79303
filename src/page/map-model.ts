import type { Verdict } from '../model/record.ts';
import { givenUpBy, lineNames, type StageStates, type TraceStates, undecidedBy } from '../model/states.ts';
import { parseStateId } from '../writelog/state-id.ts';
import { idAt } from './state-ids.ts';

/** The map's rows: kinds of crash state, from the one that loses least. */
const rowKinds = ['prefix', 'none', 'all-but', 'only', 'subset', 'torn'] as const;
export type RowKind = (typeof rowKinds)[number];

/** What a state is coloured by: a way in which devices came up, or nobody's. */
interface Category {
  /** `old-0`, `new-1`, `fail-0`, `open`, `given-up`: names its colour and its pattern. */
  key: string;
  name: string;
  verdict: Verdict | 'undecided' | 'given up';
  states: number;
}

/** States that lie side by side at one write. */
export interface Stretch {
  row: RowKind;
  /** The first one's id. */
  id: string;
  states: number;
  by: number;
}

/** One row, by writes. */
export interface MapRow {
  kind: RowKind;
  states: number;
  /** By category: how many lie before each write (one more at the end); a state that spans writes counts at each. */
  before: Uint32Array[];
}

/** How a trace's states are laid out over its writes, for one question. */
export interface MapModel {
  writes: number;
  categories: Category[];
  rows: MapRow[];
  /** The number of writes that were issued before a moment. */
  columnOf: (at: number) => number;
  /** Where a state lies, by its id within the trace; undefined where nobody knows it. */
  placeOf: (id: string) => { column: number; row: RowKind } | undefined;
  categoryOf: (by: number) => number;
  /** The states at a write, in the order of rows; torn ones in the order head, tail, zero. */
  at: (column: number) => readonly Stretch[];
}

/** What states are told apart by. */
export type ColourBy = 'outcome' | 'boot';

/** Colours there are of each kind. */
const most = { old: 2, new: 2, pass: 2, fail: 3, boot: 10 };
type Family = 'old' | 'new' | 'pass' | 'fail';

/** Lays out the states of one question of a trace. */
export function mapModel(trace: TraceStates, stage: StageStates, colour: ColourBy): MapModel {
  const moments = trace.writes.map((write) => write[4]);
  const columnOf = (at: number) => lowerBound(moments, at);
  const columns = new Map(trace.writes.map((write, i) => [write[0], i]));
  const flushed = trace.flushes
    .map((flush) => flush[3])
    .filter((at) => at >= 0)
    .sort((a, b) => a - b);
  const placed: Stretch[][] = trace.writes.map(() => []);
  const spans: { from: number; to: number; stretch: Stretch }[] = [];
  const put = (from: number, to: number, stretch: Stretch) => {
    if (from >= to || from < 0) return;
    spans.push({ from, to, stretch });
    for (let column = from; column < to; column += 1) placed[column]?.push(stretch);
  };
  /** The writes since the flush before a moment: what a cut then may lose. */
  const epochOf = (at: number): [from: number, to: number] => {
    const to = columnOf(at);
    const since = flushed[lowerBound(flushed, at) - 1] ?? -1;
    return [Math.max(0, Math.min(columnOf(since), to - 1)), to];
  };
  const placeOf = (id: string): { from: number; to: number; row: RowKind } | undefined => {
    const state = parseStateId(id);
    if (state === undefined) return undefined;
    const { at, shape } = state;
    const one = (column: number | undefined, row: RowKind) =>
      column === undefined || column < 0 ? undefined : { from: column, to: column + 1, row };
    if (shape.kind === 'prefix') return one(columnOf(at) - 1, 'prefix');
    if (shape.kind === 'torn') return one(columns.get(shape.seq), 'torn');
    if (shape.kind === 'lost' && shape.keep !== 'none') return one(columns.get(shape.seq), shape.keep);
    const [from, to] = epochOf(at);
    return { from, to, row: shape.kind === 'subset' ? 'subset' : 'none' };
  };
  const add = (stretch: Omit<Stretch, 'row'>) => {
    const place = placeOf(stretch.id);
    if (place !== undefined) put(place.from, place.to, { ...stretch, row: place.row });
  };
  for (const line of lineNames) eachStretch(trace, stage, line, add);
  for (const [id, by] of stage.listed) add({ id, states: 1, by });
  const { categories, categoryOf } = categoriesOf(
    stage,
    spans.map(({ stretch }) => stretch),
    colour,
  );
  const rows = rowKinds.map((kind): MapRow => {
    const own = spans.filter(({ stretch }) => stretch.row === kind);
    const before = categories.map(() => new Uint32Array(trace.writes.length + 1));
    for (const { from, to, stretch } of own) {
      const list = before[categoryOf(stretch.by)];
      if (list !== undefined)
        for (let column = from; column < to; column += 1)
          list[column + 1] = (list[column + 1] ?? 0) + stretch.states;
    }
    for (const list of before)
      for (let i = 1; i < list.length; i += 1) list[i] = (list[i] ?? 0) + (list[i - 1] ?? 0);
    return { kind, states: own.reduce((sum, { stretch }) => sum + stretch.states, 0), before };
  });
  for (const list of placed) list.sort((a, b) => rowKinds.indexOf(a.row) - rowKinds.indexOf(b.row));
  return {
    writes: trace.writes.length,
    categories,
    rows: rows.filter(({ states }) => states > 0),
    columnOf,
    placeOf: (id) => {
      const place = placeOf(id);
      return place === undefined ? undefined : { column: place.to - 1, row: place.row };
    },
    categoryOf,
    at: (column) => placed[column] ?? [],
  };
}

/** The states of one line, as far as neighbours are of one write, one kind and one boot. */
function eachStretch(
  { lines, writes }: TraceStates,
  stage: StageStates,
  line: keyof TraceStates['lines'],
  visit: (stretch: Omit<Stretch, 'row'>) => void,
): void {
  const bySeq = new Map(writes.map((write) => [write[0], write]));
  let segment = 0;
  let begins = 0;
  for (const [from, to, by] of stage.runs[line])
    for (let position = from; position < to; ) {
      while (position >= begins + (lines[line][segment]?.[1] ?? Number.POSITIVE_INFINITY)) {
        begins += lines[line][segment]?.[1] ?? 0;
        segment += 1;
      }
      const [of = 0, positions = 0] = lines[line][segment] ?? [];
      const last = begins + positions - 1;
      // The whole write is no torn one.
      const end = Math.min(to, line === 'head' && position < last ? last : last + 1);
      const id = idAt(line, of, { write: bySeq.get(of), within: position - begins, positions });
      visit({ id, states: end - position, by });
      position = end;
    }
}

/** What states are told apart by, the most frequent first; nobody's at the end. */
function categoriesOf(
  { boots }: StageStates,
  stretches: readonly Stretch[],
  colour: ColourBy,
): { categories: Category[]; categoryOf: (by: number) => number } {
  const keyOf = (by: number) => {
    const boot = boots[by];
    if (boot === undefined) return by === givenUpBy ? 'given up' : 'undecided';
    return colour === 'boot' ? `boot ${by % most.boot}` : `${boot.verdict} ${boot.outcome}`;
  };
  const counts = new Map<string, { by: number; states: number }>();
  for (const { by, states } of stretches) {
    const known = counts.get(keyOf(by)) ?? { by, states: 0 };
    counts.set(keyOf(by), { by: known.by, states: known.states + states });
  }
  const taken: Record<Family, number> = { old: 0, new: 0, pass: 0, fail: 0 };
  const categories: Category[] = [];
  const numbers = new Map<string, number>();
  const inOrder = [...counts].sort(([, a], [, b]) => b.states - a.states);
  for (const [key, { by, states }] of inOrder.sort(
    ([, a], [, b]) => rankOf(boots[a.by]?.outcome, a.by) - rankOf(boots[b.by]?.outcome, b.by),
  )) {
    const boot = boots[by];
    const made: Category =
      boot === undefined
        ? {
            key: by === givenUpBy ? 'given-up' : 'open',
            name: by === givenUpBy ? 'given up: failed in that way already' : 'undecided',
            verdict: by === undecidedBy ? 'undecided' : 'given up',
            states,
          }
        : colour === 'boot'
          ? { key: `boot-${by % most.boot}`, name: '', verdict: boot.verdict, states }
          : { key: colourOf(boot, taken), name: nameOf(boot), verdict: boot.verdict, states };
    numbers.set(key, categories.push(made) - 1);
  }
  return { categories, categoryOf: (by) => numbers.get(keyOf(by)) ?? -1 };
}

function nameOf({ verdict, outcome }: StageStates['boots'][number]): string {
  return verdict === 'known' ? `${outcome} (known)` : outcome;
}

/** The old release's colour comes first, then the new one's; nobody's come last. */
function rankOf(outcome: string | undefined, by: number): number {
  if (outcome === undefined) return by === undecidedBy ? 4 : 3;
  return outcome.startsWith('old') ? 0 : outcome.startsWith('new') ? 1 : 2;
}

function colourOf({ verdict, outcome }: StageStates['boots'][number], taken: Record<Family, number>): string {
  if (verdict === 'error' || verdict === 'unknown') return 'open';
  const family: Family =
    verdict !== 'passed'
      ? 'fail'
      : outcome.startsWith('old')
        ? 'old'
        : outcome.startsWith('new')
          ? 'new'
          : 'pass';
  const number = Math.min(taken[family], most[family] - 1);
  taken[family] += 1;
  return `${family}-${number}`;
}

/** How many of an ascending list are less than a value. */
function lowerBound(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
