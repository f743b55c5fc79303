import type { ExploredBoot, Stage } from './boot.ts';
import type { CellsRead, Space } from './space.ts';

/** Two boots of which one read nothing that differs between them, and which ended otherwise all the same. */
export interface Contradiction<R> {
  stage: Stage;
  boot: ExploredBoot<R>;
  earlier: ExploredBoot<R>;
}

/**
 * Holds a boot against earlier ones of its upgrade: where all that the one read is the same in the state of the other, it
 * cannot have gone another way. `earlier` and the boot had the same random seed.
 */
export function contradictionOf<R>(
  space: Space,
  boot: ExploredBoot<R>,
  earlier: readonly ExploredBoot<R>[],
): Contradiction<R> | undefined {
  for (const stage of ['whole', 'retry'] as const)
    for (const other of earlier)
      if (contradict(space, boot, other, stage)) return { stage, boot, earlier: other };
  return undefined;
}

function contradict(
  space: Space,
  one: ExploredBoot<unknown>,
  other: ExploredBoot<unknown>,
  stage: Stage,
): boolean {
  const [here, there] = [one[stage], other[stage]];
  if (here === undefined || there === undefined || one.window.upgrade !== other.window.upgrade) return false;
  if (here.verdict === there.verdict && here.outcome === there.outcome) return false;
  return (
    isSameIn(here.read, contentsOf(space, other, there.read)) ||
    isSameIn(there.read, contentsOf(space, one, here.read))
  );
}

function isSameIn({ cells, contents }: CellsRead, contentOf: (cell: number) => number | undefined): boolean {
  return cells.every((cell, i) => contents[i] === contentOf(cell));
}

/** What cells hold in a boot's state; of a state that is none of the space's only what it read is known. */
function contentsOf(
  space: Space,
  { ref }: ExploredBoot<unknown>,
  { cells, contents }: CellsRead,
): (cell: number) => number | undefined {
  if (ref !== undefined) return (cell) => space.contentIn(ref, cell);
  const known = new Map(Array.from(cells, (cell, i) => [cell, contents[i]] as const));
  return (cell) => known.get(cell);
}
