import type { DiskView } from '../filesystem/view.ts';
import type { Arena } from '../nbd/arena.ts';
import { mappedView } from '../nbd/views.ts';
import { stateMaps } from '../writelog/crash-state.ts';
import type { WriteLog } from '../writelog/log.ts';

/** Disks, what was written to them, and the data of these writes. */
export interface LoggedDisks {
  log: WriteLog;
  /** The disks before the log began, by position in it. */
  bases: readonly DiskView[];
  arena: Arena;
}

/** The disks at a moment of their log, with every write that had been issued by then. */
export function disksAt({ log, bases, arena }: LoggedDisks, moment: number): DiskView[] {
  const maps = stateMaps(log, { at: moment, shape: { kind: 'prefix' } });
  return bases.map((base, i) => {
    const map = maps[i];
    return map === undefined ? base : mappedView(base, map, arena);
  });
}
