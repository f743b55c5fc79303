import type { Random } from '../core/random.ts';
import type { CrashShape, CrashState } from './crash-state.ts';
import { durabilityAt } from './durability.ts';
import type { LogRecord, WriteLog } from './log.ts';
import { stateId } from './state-id.ts';
import { type Window, windowsOf, writesIn } from './windows.ts';

/** A sampled state and where it falls. */
export interface SampledState {
  state: CrashState;
  window: Window;
}

/** How often a draw that gives nothing new is repeated before the window counts as used up. */
const maxDraws = 200;

/**
 * Up to `count` different crash states of one log. Windows, disks and kinds take turns, so that a short phase
 * gets its share, and a disk with few writes is not lost among those of a chatty flash; the place is drawn. Fewer
 * come back when the log holds no more.
 * The same log, arguments and random seed give the same states in the same order.
 */
export function sampleStates(
  log: WriteLog,
  {
    phases,
    kinds,
    count,
    random,
  }: { phases: readonly string[]; kinds: readonly CrashShape['kind'][]; count: number; random: Random },
): SampledState[] {
  const turns = random.shuffle(turnsOf(log, phases, kinds));
  const found = new Map<string, SampledState>();
  let open = turns;
  while (found.size < count && open.length > 0) {
    const stillOpen: typeof turns = [];
    for (const turn of open) {
      if (found.size >= count) break;
      const state = drawNew(log, turn, random, found);
      if (state === undefined) continue;
      found.set(stateId(state), { state, window: turn.window });
      stillOpen.push(turn);
    }
    open = stillOpen;
  }
  return [...found.values()];
}

/** What states are drawn from in one turn. */
interface Turn {
  window: Window;
  /** Writes of one disk in the window that the kind applies to; not empty. */
  writes: readonly LogRecord[];
  kind: CrashShape['kind'];
}

function turnsOf(log: WriteLog, phases: readonly string[], kinds: readonly CrashShape['kind'][]): Turn[] {
  return windowsOf(log)
    .filter((window) => phases.includes(window.phase))
    .flatMap((window) => {
      const all = writesIn(log, window);
      const byDisk = log.disks.map((_, disk) => all.filter((write) => write.disk === disk));
      return byDisk.map((writes) => ({ window, writes }));
    })
    .flatMap(({ window, writes }) =>
      kinds.map((kind) => ({
        window,
        kind,
        writes: kind === 'torn' ? writes.filter(({ count }) => count > 1) : writes,
      })),
    )
    .filter(({ writes }) => writes.length > 0);
}

function drawNew(
  log: WriteLog,
  turn: Turn,
  random: Random,
  found: ReadonlyMap<string, SampledState>,
): CrashState | undefined {
  for (let i = 0; i < maxDraws; i += 1) {
    const state = draw(log, turn, random);
    if (state !== undefined && !found.has(stateId(state))) return state;
  }
  return undefined;
}

function draw(log: WriteLog, { window, writes, kind }: Turn, random: Random): CrashState | undefined {
  const write = random.pick(writes);
  if (kind === 'prefix') return { at: write.issued + 1, shape: { kind } };
  if (kind === 'torn') return drawTorn(write, random);
  // Lost writes show best when the epoch is as full as it gets: just before the flush that would have saved them.
  const flush = log.records.find(
    (record) =>
      record.kind === 'flush' &&
      record.disk === write.disk &&
      record.issued > write.issued &&
      record.completed !== undefined,
  );
  const at = Math.min(flush?.completed ?? log.now, window.to);
  const { optional } = durabilityAt(log, at);
  if (optional.length === 0) return undefined;
  if (kind === 'subset') return drawSubset(at, optional, random);
  const seq = random.pick(optional).seq;
  const keep = random.pick(waysToLose(optional.length));
  return { at, shape: keep === 'none' ? { kind, keep } : { kind, keep, seq } };
}

/** Two or more writes lost, and two or more kept: every other subset is of another kind. */
function drawSubset(at: number, optional: readonly LogRecord[], random: Random): CrashState | undefined {
  if (optional.length < 4) return undefined;
  const count = 2 + random.int(optional.length - 3);
  const lost = random
    .shuffle(optional)
    .slice(0, count)
    .map(({ seq }) => seq)
    .sort((a, b) => a - b);
  return { at, shape: { kind: 'subset', lost } };
}

/** How some of so many optional writes can be lost; of two, all but one is the same as only the other. */
function waysToLose(optional: number): ('none' | 'all-but' | 'only')[] {
  if (optional === 1) return ['none'];
  return optional === 2 ? ['none', 'only'] : ['none', 'all-but', 'only'];
}

function drawTorn(write: LogRecord, random: Random): CrashState {
  const part = random.pick(['head', 'tail', 'zero'] as const);
  const sectors = 1 + random.int(write.count - 1);
  return { at: write.issued + 1, shape: { kind: 'torn', seq: write.seq, part, sectors } };
}
