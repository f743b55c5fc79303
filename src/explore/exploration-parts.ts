import type { Limit } from '../core/limit.ts';
import type { Random } from '../core/random.ts';
import type { Boot, ExploredBoot, KnownBoot, Others } from './boot.ts';
import type { Chance } from './chance.ts';
import type { Part } from './coverage.ts';
import type { Contradiction } from './determinism.ts';
import type { PlaceOf } from './write-places.ts';

/** Time to begin boots in, as long as it is not aborted; a signal will do. */
export type Budget = Pick<AbortSignal, 'aborted'>;

/** How much an exploration may do. */
export interface ExplorationBounds {
  /** Share of the deciding boots that is spent again on states that were not booted. */
  auditShare: number;
  /** Least number of such audits; where the share is 0 too, nothing is audited. */
  auditLeast: number;
  /** States that are booted once more with other random numbers. */
  chanceBoots: number;
  /** Boots after which no more upgrade is tried again; 0 where that is not asked for. */
  retryBoots: number;
  /** No epoch is given up that has failed: what is known to fail there must hide nothing else. */
  thorough?: true;
  /** The states that are this exploration's to decide, where others have the rest; absent: all. */
  part?: Part | undefined;
  /** Aborted when there is no time left to begin another boot: to decide more states, and to audit what is decided. */
  budget: Budget;
  auditBudget: Budget;
}

/** What an exploration is handed: it knows of devices what these tell it. `R` is what the caller notes of a boot. */
export interface ExplorationParts<R> extends ExplorationBounds {
  boot: Boot<R>;
  /** Boots that need not be made, in the order in which they were. */
  known?: readonly KnownBoot<R>[];
  /** Who explores the same space at the same time; absent: nobody. */
  others?: Others<R> | undefined;
  /** Tells writes apart by where they went; the search begins with one state of each kind. */
  placeOf: PlaceOf;
  /** Each boot takes one of these places. */
  places: Limit;
  /** Aborted when no more boot is to begin: the user interrupts, or something else has failed. */
  signal: AbortSignal;
  /** Called at once with the first failure; it aborts `signal`, so that other boots end too. */
  stop: (reason: unknown) => void;
  random: Random;
  /** Told of the seconds that the exploration itself has computed. */
  spend: (seconds: number) => void;
  /** Told of each boot of one of the space's states as it ends. */
  onBoot: (boot: ExploredBoot<R>) => void;
  /** Told of a device that hangs on chance, with the last boot that shows it. */
  onChance: (chance: Chance<R>) => void;
  /** Writes down two boots that contradict each other, with their number from 1; returns the path. */
  saveMismatch: (found: Contradiction<R>, number: number) => Promise<string>;
}
