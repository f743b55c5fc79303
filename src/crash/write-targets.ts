import { CleanupStack } from '../core/cleanup.ts';
import { secondsSince } from '../device/checklist.ts';
import type { RunContext } from '../device/run-context.ts';
import { describePlace } from '../filesystem/disk-map.ts';
import { type Place, printable } from '../filesystem/place.ts';
import { Arena } from '../nbd/arena.ts';
import { basesOf, type Trace } from '../recording/trace.ts';
import { type LogRecord, sectorBytes } from '../writelog/log.ts';
import { windowsOf } from '../writelog/windows.ts';
import { JournalCommits } from './journal-commits.ts';
import { disksAt, type LoggedDisks } from './logged-disks.ts';

/** Places of one write that are named; a large one covers parts of many files. */
const mostNamed = 3;

/** Where each write of a trace went, by its position in the log; empty of flushes. */
export async function targetsOf(context: RunContext, trace: Trace): Promise<string[]> {
  await using stack = new CleanupStack();
  const arena = stack.use('recorded writes', await Arena.open(trace.arenaPath));
  const { views: bases } = await basesOf(context, trace, stack);
  const started = performance.now();
  const targets = writeTargets({ log: trace.log, bases, arena });
  context.spend('map.cpu', secondsSince(started));
  return targets;
}

/**
 * Where each write went, for people, in the disks as they were at the end of its phase; what was free then may belong to a
 * file by the end of the log.
 */
export function writeTargets(disks: LoggedDisks): string[] {
  const { log } = disks;
  const phases = windowsOf(log);
  const ends = [...phases.map(({ to }) => to), log.now];
  const views = ends.map((moment, i) => (ends.indexOf(moment) === i ? disksAt(disks, moment) : undefined));
  const commits = new JournalCommits(disks);
  const viewsAt = (end: number) => views[ends.indexOf(end)] ?? [];
  return log.records.map((record) => {
    if (record.kind === 'flush') return '';
    const { issued } = record;
    const phase = phases.find(({ from, to }) => issued >= from && issued < to);
    const moments = [...(phase === undefined ? [] : [phase.to]), log.now];
    const found = moments.map((end) => {
      const view = viewsAt(end)[record.disk];
      return view === undefined ? [] : describePlace(view, ...bytesOf(record));
    });
    const places = found.find((some) => some.some(isUsed)) ?? found[0] ?? [];
    return namesOf(places, commits.numbersOf(record.seq));
  });
}

function bytesOf({ sector, count }: LogRecord): [offset: number, bytes: number] {
  return [sector * sectorBytes, count * sectorBytes];
}

function isUsed({ content }: Place): boolean {
  return content.kind !== 'free';
}

/** `commits`: what the write is to a journal. */
function namesOf(places: readonly Place[], commits: readonly string[]): string {
  const all = places.flatMap(({ text, partition, content }) => {
    if (content.kind !== 'journal' || partition === undefined || commits.length === 0) return [text];
    return commits.map((commit) => `${printable(partition)}: ${commit}`);
  });
  const texts = [...new Set(all)];
  const rest = texts.length - mostNamed;
  return [...texts.slice(0, mostNamed), ...(rest > 0 ? [`${rest} more places`] : [])].join('; ');
}
