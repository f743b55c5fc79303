import type { StageName, Verdict } from './record.ts';

/**
 * Every crash state of a run, and which boot has decided it: `states.json`. What the map is drawn from, and what parts of
 * one exploration are joined by. Arrays in place of objects, because there are very many.
 */
export interface StatesRecord {
  format: 1;
  /** The run's id. */
  run: string;
  traces: TraceStates[];
}

/** The states of one write log. */
export interface TraceStates {
  /** Begins the ids of its states: `p1`; of what was written after a cut `p1.197.none/`. */
  name: string;
  /** The releases of the path. */
  releases: string[];
  /** What made another recording of the path, for people. Absent of the first. */
  recording?: string;
  /** The id of the state that the log begins with; absent where devices come from the factory. */
  after?: string;
  /** With `:`, the trace's name and a state's own id: what `brownout replay` takes. */
  token: string;
  disks: { id: string; sectors: number }[];
  /** In order; `from` is the first moment of the log that is inside, `to` the first after it. */
  phases: { upgrade: string; phase: string; from: number; to: number; cut: boolean }[];
  /** Where writes went, each text once: `data: /etc/hosts (inode 17, bytes 0-4095)`. */
  places: string[];
  writes: WriteRow[];
  flushes: FlushRow[];
  /** How states lie on lines: neighbours on one differ by one sector, or by what was flushed meanwhile. */
  lines: Record<LineName, SegmentRow[]>;
  stages: StageStates[];
}

/**
 * Position in the log, disk, first sector, number of sectors, moments of issue and of completion (-1: never), and where
 * it went: position in `places`, or -1. In the order of the log; people count them from 1.
 */
export type WriteRow = [
  seq: number,
  disk: number,
  sector: number,
  sectors: number,
  issued: number,
  completed: number,
  place: number,
];

/** Position in the log, disk, moments of issue and of completion (-1: never). */
export type FlushRow = [seq: number, disk: number, issued: number, completed: number];

/**
 * `head`: of each write the first sectors alone, one more at each position; all of them are no torn write. `tail`: its
 * last ones. `zero`: its first ones, and zeros for the rest. `none`: at the end of each epoch what is durable alone.
 */
export const lineNames = ['head', 'none', 'tail', 'zero'] as const;
export type LineName = (typeof lineNames)[number];

/**
 * Neighbouring positions of a line that belong together, and how many they are: of one write, by its position in the
 * log; on `none` of one moment. The next segment begins where this one ends; the first at 0.
 */
export type SegmentRow = [of: number, positions: number];

/** How far the states of a trace are decided for one question. */
export interface StageStates {
  name: StageName;
  /** Those that have decided a state. */
  boots: StateBoot[];
  runs: Record<LineName, RunRow[]>;
  /** States that are on no line: of larger sets of lost writes, and those of runs that draw states one by one. */
  listed: ListedRow[];
}

/** A boot, and how it answers its stage's question for all states that it has decided. */
interface StateBoot {
  /** The id of the booted state; the run's record has the rest. */
  cut: string;
  verdict: Verdict;
  outcome: string;
}

/** States from one position of a line to before another, and who decided them. A position in no run is no state. */
type RunRow = [from: number, to: number, by: number];

/** A state by its own id (`4711.only409`), and who decided it. */
type ListedRow = [id: string, by: number];

/** Who decided a state: a position in `boots`, or nobody. */
export const undecidedBy = -1;
/** Given up: its epoch had failed in that way already, or the device does not come so far. */
export const givenUpBy = -2;
