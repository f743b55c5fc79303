import { CleanupStack } from '../core/cleanup.ts';
import type { RunContext } from '../device/run-context.ts';
import { type Cause, type Failure, findCause, type Outcomes } from '../explore/cause.ts';
import { Arena } from '../nbd/arena.ts';
import { basesOf, type Trace } from '../recording/trace.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import { type NamedEmptyFile, NamedWrites } from './named-writes.ts';

/** Writes that a reason names. */
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
  const { views } = await basesOf(context, trace, stack);
  const arena = stack.use('recorded writes', await Arena.open(trace.arenaPath));
  const places = new NamedWrites({ log: trace.log, bases: views, arena }, failure);
  const { state, cause } = await findCause(outcomes, trace.log, failure);
  return { state, ...reasonOf(cause, places, { ...failure, state }) };
}

/** A cause in words. */
export function reasonOf(
  cause: Cause,
  places: NamedWrites,
  { state, stage, window }: Pick<Failure, 'state' | 'stage' | 'window'>,
): Omit<Reason, 'state'> {
  switch (cause.kind) {
    case 'lost':
      return lostReason(places, state, cause.lost);
    case 'torn':
      return tornReason(places, cause);
    case 'between':
    case 'from-there-on':
      return brokenReason(places, cause, { stage, window });
  }
}

function tornReason(
  places: NamedWrites,
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

/** Nothing was lost: the device is broken between two writes, or from one on. */
function brokenReason(
  places: NamedWrites,
  cause: Extract<Cause, { kind: 'between' | 'from-there-on' }>,
  { stage, window }: Pick<Failure, 'stage' | 'window'>,
): Omit<Reason, 'state'> {
  const { last } = cause;
  const there = last === undefined ? 'nothing' : places.name(last);
  const left = stage === 'retry' ? 'a device whose upgrade cannot be done again' : 'the device broken';
  const [empty, ...others] = last === undefined ? [] : places.emptyAfter(last, window);
  const broken = `leaves ${left} although nothing was lost`;
  if (last !== undefined && empty !== undefined)
    return {
      text: `${there} is on the disk, and a cut after it ${broken}: ${emptyText(places, empty, others)}`,
      minimal: [],
      files: [...places.of(last), ...[empty, ...others].map(({ place }) => place)],
    };
  const next = cause.kind === 'between' ? cause.next : places.nextCommit(window);
  const files = [last, next].flatMap((seq) => (seq === undefined ? [] : places.of(seq)));
  if (cause.kind === 'from-there-on') {
    const late = next === undefined ? '' : `: the next commit of a journal is ${places.name(next)}`;
    const text = `${there} is on the disk, and each cut from there to the end of ${window.phase} ${broken}${late}`;
    return { text, minimal: [], files };
  }
  const missing = next === undefined ? 'anything after it' : places.name(next);
  return {
    text: `${there} is on the disk before ${missing}, and a cut between them ${broken}`,
    minimal: [],
    files,
  };
}

/** A name without its data, what ext4 leaves of a file that nobody flushed; and what would repair the first of them. */
function emptyText(places: NamedWrites, first: NamedEmptyFile, others: readonly NamedEmptyFile[]): string {
  const shown = others.slice(0, mostNamed - 1).map(({ path }) => path);
  const more = others.length > shown.length ? [`${others.length - shown.length} more`] : [];
  const too = shown.length === 0 ? '' : ` (as has ${[...shown, ...more].join(', ')})`;
  const later = first.filledBy === undefined ? 'come later' : `come with ${places.numbered(first.filledBy)}`;
  const repair = first.emptied
    ? 'It was emptied in place: write another file, fsync that, and rename it over this one'
    : 'Its name came first: fsync a file before it gets its name';
  return `${first.path} has 0 of its ${first.laterBytes} bytes then${too}, which ${later}. ${repair}`;
}

function lostReason(places: NamedWrites, state: CrashState, lost: readonly number[]): Omit<Reason, 'state'> {
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
