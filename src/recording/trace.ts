import type { CleanupStack } from '../core/cleanup.ts';
import { factoryDisks } from '../device/device.ts';
import type { RunContext } from '../device/run-context.ts';
import type { DiskView } from '../filesystem/view.ts';
import type { RecordingVariant } from '../model/recording.ts';
import { Arena } from '../nbd/arena.ts';
import type { Disk } from '../nbd/disk.ts';
import { MappedDisk } from '../nbd/mapped-disk.ts';
import { fileView, mappedView } from '../nbd/views.ts';
import type { OwnedFile } from '../oracle/observation.ts';
import type { OddPath } from '../oracle/packaged-paths.ts';
import { type CrashState, stateMaps } from '../writelog/crash-state.ts';
import type { WriteLog } from '../writelog/log.ts';

/** What crash states are made from: disks, and what was written to them. */
export interface Trace {
  /** The releases of the path, from the factory's on. */
  releases: readonly string[];
  /** Which recording of the path; the first where there is none. */
  recording?: RecordingVariant | undefined;
  /** Begins the ids of its states: `p1`, `p1r2` for the path's second recording, or `p1.197.none/2` for what a device wrote that came up after that cut. */
  name: string;
  log: WriteLog;
  arenaPath: string;
  /** Over the log and its data, and those of the trace before. */
  sha256: string;
  /** The owner's files as the owner left them. */
  configuration: readonly OwnedFile[];
  /** What was not as packaged then; undefined where nobody knows. */
  odd: readonly OddPath[] | undefined;
  /** The disks of its one state, where a finding holds what a boot reads of them: its data are not looked at then. */
  carried?: (stack: CleanupStack) => Promise<TraceDisks>;
  /** The crash state that the log begins with; a device fresh from the factory where there is none. */
  after?: { trace: Trace; state: CrashState };
}

/** Disks in one state, for guests and for reading at once. */
export interface TraceDisks {
  disks: Disk[];
  views: DiskView[];
}

/** The disks before a trace's log began. */
export async function basesOf(
  context: Pick<RunContext, 'manifest'>,
  trace: Trace,
  stack: CleanupStack,
): Promise<TraceDisks> {
  if (trace.after !== undefined) return disksIn(context, trace.after.trace, trace.after.state, stack);
  const files = await factoryDisks(context, trace.releases[0] ?? '', stack);
  return { disks: files, views: files.map(fileView) };
}

/** The disks in a crash state of a trace. Throws RangeError where the log has no such state. */
export async function disksIn(
  context: Pick<RunContext, 'manifest'>,
  trace: Trace,
  state: CrashState,
  stack: CleanupStack,
): Promise<TraceDisks> {
  if (trace.carried !== undefined) return trace.carried(stack);
  const { disks, views } = await basesOf(context, trace, stack);
  const arena = stack.use('recorded writes', await Arena.open(trace.arenaPath));
  const maps = stateMaps(trace.log, state);
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
