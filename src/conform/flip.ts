import type { LogRecord, WriteLog } from '../writelog/log.ts';
import { type Window, writesIn } from '../writelog/windows.ts';

/** An installation in two parts, each in stretches of the log; together they are all of it. */
export interface InstallParts {
  writing: Window[];
  /** Nothing where the boot loader is told nothing, or nobody can see that. */
  flip: Window[];
}

/**
 * Parts an installation: the flip is where something is written that `tellsBootLoader`, until a flush has made it durable
 * or the installation ends; an agent may come back to it several times.
 */
export function installParts(
  log: WriteLog,
  install: Window,
  tellsBootLoader: (record: LogRecord) => boolean,
): InstallParts {
  const flip: Window[] = [];
  for (const record of writesIn(log, install)) {
    if (!tellsBootLoader(record)) continue;
    const to = Math.min(install.to, durableAt(log, record) + 1);
    const last = flip.at(-1);
    if (last !== undefined && record.issued <= last.to) last.to = Math.max(last.to, to);
    else flip.push({ ...install, from: record.issued, to });
  }
  const borders = [install.from, ...flip.flatMap(({ from, to }) => [from, to]), install.to];
  const writing: Window[] = [];
  for (let i = 0; i < borders.length; i += 2) {
    const [from = 0, to = 0] = borders.slice(i, i + 2);
    if (from < to) writing.push({ ...install, from, to });
  }
  return { writing, flip };
}

/** When the flush completes that makes a write durable; never, where none does. */
function durableAt(log: WriteLog, { disk, completed, fua }: LogRecord): number {
  if (completed === undefined) return Number.POSITIVE_INFINITY;
  if (fua || log.disks[disk]?.cache === 'writethrough') return completed;
  const ends = log.records.flatMap((flush) =>
    flush.kind === 'flush' && flush.disk === disk && flush.issued > completed ? (flush.completed ?? []) : [],
  );
  return Math.min(Number.POSITIVE_INFINITY, ...ends);
}
