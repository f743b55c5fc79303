import type { TakeOver } from '../explore/coverage.ts';
import type { Space } from '../explore/space.ts';
import type { Segment, SubsetState } from '../explore/states.ts';
import type { Shard } from '../model/shard.ts';

/**
 * Which states of a trace are a worker's. All traces count alike, in each trace all phases that have states, and in each
 * phase all moments of the log; that line is cut into as many equal pieces as there are workers. So they share out paths
 * first, then phases, then stretches of the log, and each has neighbours, which boots decide together.
 */
export function partOf(
  { index, count }: Shard,
  { position, of }: { position: number; of: number },
  space: Pick<Space, 'line' | 'subsets' | 'windows'>,
): (place: Segment | SubsetState) => boolean {
  const used = [
    ...new Set([...space.line('head').segments, ...space.line('none').segments].map(({ window }) => window)),
  ].sort((a, b) => a - b);
  return ({ window, at }) => {
    const { from, to } = space.windows[window] ?? { from: 0, to: 1 };
    const inWindow = Math.min(Math.max((at - from - 1) / Math.max(1, to - from), 0), 1);
    const inTrace = (Math.max(0, used.indexOf(window)) + inWindow) / Math.max(1, used.length);
    return Math.min(count - 1, Math.floor(((position + inTrace) / of) * count)) === index - 1;
  };
}

/** For each of `count` spaces when a worker goes on with what others have left of it: when its part of all of them is done. */
export function takeOverOf(count: number): (position: number) => TakeOver {
  const done = new Set<number>();
  return (position) => ({ onDone: () => void done.add(position), isDue: () => done.size === count });
}
