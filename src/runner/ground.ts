import type { CleanupStack } from '../core/cleanup.ts';
import type { DiskView } from '../filesystem/view.ts';
import { Arena } from '../nbd/arena.ts';
import type { Disk } from '../nbd/disk.ts';
import { MappedDisk } from '../nbd/mapped-disk.ts';
import { fileView, mappedView } from '../nbd/views.ts';
import type { OwnedFile } from '../oracle/observation.ts';
import { type CrashState, stateMaps } from '../writelog/crash-state.ts';
import type { WriteLog } from '../writelog/log.ts';
import type { Bench } from './bench.ts';
import { factoryDisks } from './device.ts';

/** What crash states are made from: disks, and what was written to them. */
export interface Ground {
  /** The releases of the path, from the factory's on. */
  releases: readonly string[];
  /** Begins the ids of its states: `p1`, or `p1.197.none/2` for what a device wrote that came up after that cut. */
  name: string;
  log: WriteLog;
  arenaPath: string;
  /** Over the log and its data, and those of the ground before. */
  sha256: string;
  /** The owner's files as the owner left them. */
  configuration: readonly OwnedFile[];
  /** The crash state that the log begins with; a device fresh from the factory where there is none. */
  after?: { ground: Ground; state: CrashState };
}

/** Disks in one state, for guests and for reading at once. */
export interface GroundDisks {
  disks: Disk[];
  views: DiskView[];
}

/** The disks before a ground's log began. */
export async function basesOf(bench: Bench, ground: Ground, stack: CleanupStack): Promise<GroundDisks> {
  if (ground.after !== undefined) return disksIn(bench, ground.after.ground, ground.after.state, stack);
  const files = await factoryDisks(bench, ground.releases[0] ?? '', stack);
  return { disks: files, views: files.map(fileView) };
}

/** The disks in a crash state of a ground. Throws RangeError where the log has no such state. */
export async function disksIn(
  bench: Bench,
  ground: Ground,
  state: CrashState,
  stack: CleanupStack,
): Promise<GroundDisks> {
  const { disks, views } = await basesOf(bench, ground, stack);
  const arena = stack.use('recorded writes', await Arena.open(ground.arenaPath));
  const maps = stateMaps(ground.log, state);
  return {
    disks: disks.map((disk, i) => {
      const map = maps[i];
      return map === undefined ? disk : new MappedDisk(disk, map, arena);
    }),
    views: views.map((view, i) => {
      const map = maps[i];
      return map === undefined ? view : mappedView(view, map, arena);
    }),
  };
}
