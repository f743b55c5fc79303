import { durabilityAt } from './durability.ts';
import type { WriteLog } from './log.ts';
import { epochEnds } from './moments.ts';
import { windowsOf, writesIn } from './windows.ts';

/** How many crash states of each kind the chosen phases of a log hold, and how the log is made up. */
export interface Census {
  prefix: number;
  lost: number;
  torn: number;
  writes: number;
  /** Completed ones. */
  flushes: number;
  /** Stretches between completed flushes that hold at least one write. */
  epochs: number;
}

/** Counts the states that `sampleStates` draws from. Torn states are counted at 512 bytes: head, tail and zero tail. */
export function census(log: WriteLog, phases: readonly string[]): Census {
  const result: Census = { prefix: 0, lost: 0, torn: 0, writes: 0, flushes: 0, epochs: 0 };
  for (const window of windowsOf(log).filter((candidate) => phases.includes(candidate.phase))) {
    for (const write of writesIn(log, window)) {
      result.prefix += 1;
      result.torn += 3 * Math.max(0, write.count - 1);
    }
    for (const at of epochEnds(log, window)) {
      const open = durabilityAt(log, at).optional.length;
      if (open > 0) result.lost += 1 + (open > 2 ? 2 * open : open === 2 ? 2 : 0);
    }
  }
  let open = false;
  for (const record of log.records) {
    if (record.kind !== 'flush') {
      result.writes += 1;
      open = true;
    } else if (record.completed !== undefined) {
      result.flushes += 1;
      if (open) result.epochs += 1;
      open = false;
    }
  }
  return result;
}
