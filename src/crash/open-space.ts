import type { CleanupStack } from '../core/cleanup.ts';
import type { Random } from '../core/random.ts';
import type { RunContext } from '../device/run-context.ts';
import { Cells } from '../explore/cells.ts';
import { Contents } from '../explore/contents.ts';
import { ext4Parts } from '../explore/ext4-part.ts';
import { Space } from '../explore/space.ts';
import { uefiParts } from '../explore/uefi-part.ts';
import type { StateKind } from '../model/scenario.ts';
import { Arena } from '../nbd/arena.ts';
import { basesOf, type Trace } from '../recording/trace.ts';
import { sectorBytes } from '../writelog/log.ts';
import type { Window } from '../writelog/windows.ts';

/** What of a trace is to be explored, and how. */
export interface SpaceRequest {
  windows: readonly Window[];
  kinds: readonly StateKind[];
  /** Whether states are one that an ext4 journal replays to the same, or that have the same UEFI variables. */
  canonical: boolean;
  random: Random;
}

/** Lays out the crash states of a trace. `stack` keeps the recorded writes open as long as the space is in use. */
export async function openSpace(
  context: RunContext,
  trace: Trace,
  { windows, kinds, canonical, random }: SpaceRequest,
  stack: CleanupStack,
): Promise<Space> {
  const arena = stack.use('recorded writes', await Arena.open(trace.arenaPath));
  const { views } = await basesOf(context, trace, stack);
  const contents = new Contents(arena, views);
  const cells = new Cells(
    contents,
    views.map(({ bytes }) => Math.ceil(bytes / sectorBytes)),
  );
  const parts = canonical
    ? [...ext4Parts(views, cells, contents), ...uefiParts(views, trace.log.disks, cells, contents)]
    : [];
  return new Space({ log: trace.log, windows, kinds, contents, cells, parts, random });
}
