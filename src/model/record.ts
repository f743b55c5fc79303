import type { FailureKind } from '../core/errors.ts';
import type { ConfigurationTable, FileFate } from './configuration.ts';
import type { Network } from './guest-network.ts';
import type { KnownAs, KnownRecord } from './known.ts';
import type { MachineName } from './machine.ts';
import type { RecordingVariant } from './recording.ts';
import type { LaterCut, StateKind } from './scenario.ts';
import type { Shard } from './shard.ts';
import type { SoftwareTable } from './software.ts';
import type { StepId } from './steps.ts';

/**
 * `known`: it fails, in a way that is on the list of known findings, and fails no run. `error`: the harness broke;
 * `unknown`: not decided. Neither of these two is ever a pass.
 */
export const verdicts = ['passed', 'known', 'failed', 'error', 'unknown'] as const;
export type Verdict = (typeof verdicts)[number];

/** Verdicts from best to worst; the verdict of a whole is the worst of its parts. */
const order: readonly Verdict[] = ['passed', 'known', 'unknown', 'failed', 'error'];

/** The worst verdict; of nothing at all: unknown. */
export function worst<V extends Verdict>(verdicts: readonly V[]): V | 'unknown' {
  const places = verdicts.map((verdict) => order.indexOf(verdict));
  return verdicts[places.indexOf(Math.max(...places))] ?? 'unknown';
}

/** Why something is not passed. */
export interface Problem {
  kind: FailureKind;
  /** Stable code of the failure: `configuration-lost`. */
  code: string;
  message: string;
  /** Path below the run's folder. */
  log?: string;
  /** What the reader can do next. */
  hint?: string;
  /** Of the device's files that it is about; absent where it is about something else. */
  paths?: string[];
  /** What became of the owner's files that it is about; the first few. */
  fates?: FileFate[];
}

/** One thing that was decided. */
export interface StepRecord {
  /** What programs compare. */
  id: StepId;
  /** For people; made of the id. */
  name: string;
  verdict: Verdict;
  seconds: number;
  problem?: Problem;
  /** Of one that passed: what is not as it should be for a reason that is known, or was not compared. */
  note?: string;
  /** Console log, path below the run's folder. */
  console?: string;
  /** Of a failure that is on the list of known findings. */
  known?: KnownAs;
}

/** One upgrade path taken without a cut. */
export interface PathRecord {
  releases: string[];
  /** Absent of the first recording, which nothing disturbs. */
  recording?: RecordingVariant;
  steps: StepRecord[];
  /** Absent where the scenario names no file of the owner's, or nobody came to look. */
  configuration?: ConfigurationTable[];
  /** Of images that are upgraded by packages. */
  software?: SoftwareTable[];
  /** What is worth a look and decides nothing: the kernel's warnings. Absent where there are none. */
  notes?: string[];
  /** When an earlier run took it, in ISO 8601; absent: this one did, or the recording says. */
  taken?: string;
}

/** One crash state that was booted. */
export interface CutRecord {
  /** Stable identity of the state: equal disks-and-log positions give equal ids. */
  id: string;
  kind: 'prefix' | 'lost' | 'torn' | 'subset' | 'live' | 'naive';
  path: string[];
  /** `1.0->1.1` */
  upgrade: string;
  /** What the device was doing. */
  during: string;
  /** For people: "after write 412 of 530; lost: 409, 411". */
  description: string;
  /** What came up: `old in A`, `new in B`, or why nothing did. */
  outcome: string;
  /** boots, release, configuration, retry: each a verdict of its own. */
  checks: StepRecord[];
  verdict: Verdict;
  seconds: number;
  console?: string;
  /** What `brownout replay` takes; absent where the cut is of no recording. */
  token?: string;
  /** As of a path. */
  notes?: string[];
  /** The question that this boot was made for; absent where none is decided without a boot. */
  stage?: StageName;
  /** How many states this boot decided of that question, itself included; absent where `stage` is. */
  decides?: number;
  /** When an earlier run booted it, in ISO 8601; absent: this one did. */
  booted?: string;
  /** The host of the worker that booted it; absent where this run did, or one that shared nothing. */
  host?: string;
}

/** How many states there are of each kind; `subset` and `sampled` are of the larger sets of lost writes (R3, R4). */
export type StateCounts = Record<'prefix' | 'lost' | 'torn' | 'subset' | 'sampled', number>;

/**
 * `exhaustive`: every state of the rungs R0 to R3 was decided, and the audits agreed. `part`: the same of one worker's part,
 * where others have the rest. `unaudited`: every one was decided, and nobody has audited that, or not as often as was asked
 * for. `sampled`: some states were drawn. `heuristic`: QEMU was killed, as other harnesses do, or boots did not agree.
 */
export type Claim = 'exhaustive' | 'part' | 'unaudited' | 'sampled' | 'heuristic';

/**
 * How a search through crash states ended. `complete`: each is decided or given up. `bound`: so many boots were made as
 * it may take. `budget`: its time was used up. `interrupted`: the user or a failure ended the run before.
 */
export type Ended = 'complete' | 'bound' | 'budget' | 'interrupted';

/** How searches ended together: what cut one of them short, if anything did. */
export function worstEnd(ends: readonly Ended[]): Ended {
  return (['interrupted', 'budget', 'bound'] as const).find((end) => ends.includes(end)) ?? 'complete';
}

/**
 * A question put to all states. `whole`: the device comes back whole. `retry`: the upgrade can be done again.
 * `second-cut`: the power fails again while it comes back; `third-cut`, `fourth-cut`: and again while it comes back
 * from that. `reset-storm`: a confirmed device, cut several times in a row.
 */
export type StageName = 'whole' | 'retry' | LaterCut | 'reset-storm';

/** A set of places that devices wrote to while they came back from a cut, and what was cut again of that. */
export interface WrittenSet {
  /** `data: /etc/app.conf`, `main: bytes 4096-8191`; in the order of the alphabet. */
  places: string[];
  /** How many comings-back wrote exactly there. */
  boots: number;
  /** Those that were cut again, by their state's id, and how many states their writes make; empty: none was. */
  cuts: { cut: string; states: number; decided: number }[];
}

/** What one question put to all states came to. */
export interface StageRecord {
  name: StageName;
  states: number;
  decided: number;
  /** Not tried, because their epoch had failed already. */
  skipped: number;
  boots: number;
  claim: Claim;
  ended: Ended;
  /** Of later cuts: what was written before them. */
  written?: WrittenSet[];
}

/** The states of one question, upgrade, phase and kind, and which boots have decided them. */
export interface StateGroup {
  stage: StageName;
  /** `1.0->1.1` */
  upgrade: string;
  /** The phase in which the power fails. */
  during: string;
  /** Larger subsets, of which some are drawn, are among `subset`. */
  kind: StateKind;
  states: number;
  /** Given up: their epoch had failed already, or the device does not come so far. */
  skipped: number;
  undecided: number;
  /** Ids of booted cuts, and how many of these states each has decided. */
  by: { cut: string; states: number }[];
}

/** One way in which devices came out of a cut, and how many states did. */
export interface Outcome {
  /** With the upgrade, and the question where it is a later one than the first. */
  name: string;
  /** Absent where each state was booted. */
  stage?: StageName;
  states: number;
  /** Id of one such state. */
  example: string;
}

/** How decisions without a boot were held to account. */
export interface AuditRecord {
  /** States that were to be booted after all; 0 where nobody asked for audits. */
  asked: number;
  /** No more states than these were decided by a boot of another one. */
  all: boolean;
  /** Boots of decided states with other random numbers. */
  reseeded: number;
  ended: Ended;
}

export interface CrashRecord {
  /** How many the log holds, per kind, and how many of them were decided. */
  states: StateCounts;
  decided: StateCounts;
  /** Not decided because their epoch had failed already, and because the budget was used up. */
  skipped: number;
  undecided: number;
  /** Torn states that a drive with 4096-byte atoms has too. */
  blockTears: number;
  boots: number;
  /** Boots in the order in which they ended, up to the first that failed; absent where none did. The live cut is none of them. */
  bootsUntilFound?: number;
  /** States that were booted to audit what another boot had decided of them. */
  audited: number;
  /** Boots that contradict an earlier one. */
  mismatches: number;
  /** Absent where states were drawn one by one. */
  audits?: AuditRecord;
  /** Recordings that were explored again without canonical forms, because an audit of these did not agree; absent: none. */
  rawAgain?: string[];
  /** Of what workers have left to be merged: the parts that none of them has finished. */
  unfinished?: string[];
  claim: Claim;
  /** Phases that were to be cut and in which nothing was written, so that no crash state is theirs; absent: none. */
  phasesWithoutStates?: string[];
  /** Empty where states were drawn one by one. */
  stages: StageRecord[];
  /** Snapshots taken of boots, and boots that began with one. */
  snapshots: { taken: number; restored: number };
  outcomes: Outcome[];
  /** Absent where states were drawn one by one, and in records of older programs. */
  groups?: StateGroup[];
  cuts: CutRecord[];
  /** The recordings that the states were made from: a claim is about these, and no other timing of the same upgrades. */
  recording: {
    sha256: string;
    writes: number;
    flushes: number;
    epochs: number;
    reused: boolean;
    /** How many there are, how many of them were disturbed, and of how many paths they are. */
    count: number;
    disturbed: number;
    paths: number;
  };
}

/** Something the owner of the update stack must look at. */
export interface Finding {
  /** The failed step, for people. */
  check: string;
  /** The failed step; absent where it is no step that fails, but all cuts taken together. */
  step?: StepId;
  message: string;
  /** Id of the crash state (of the booted cut); empty for a failure without a cut. */
  cut: string;
  /** What `brownout replay` takes; empty where there is no recorded state to replay. */
  token: string;
  during: string;
  /** How many states fail like this, as far as they were decided; 1 where each was booted. */
  states: number;
  /** One sentence: which writes, of what, and why that is wrong. */
  reason?: string;
  /** The fewest lost or torn writes that suffice. */
  minimal: string[];
  files: string[];
  /** Below the run's folder: all that a replay needs besides the images. */
  file?: string;
  /** Absent where it is on no list. */
  known?: KnownAs;
}

/** The record of one scenario on one machine: every report is made from it alone. */
export interface RunRecord {
  format: 1;
  id: string;
  scenario: string;
  scenarioFile: string;
  machine: MachineName;
  seed: string;
  powerCuts: string;
  /** What the guest could reach. */
  network: Network;
  /** Which of several workers this was: all that is said of crash states is of its part of them. Absent: of all. */
  shard?: Shard;
  verdict: Verdict;
  /** ISO 8601, UTC. */
  started: string;
  seconds: number;
  paths: PathRecord[];
  crash?: CrashRecord;
  findings: Finding[];
  /** The list of known findings, as far as it is about this machine, and what became of each; absent: there is none. */
  known?: KnownRecord[];
  /** The failure that ended the run early, if one did. */
  problem?: Problem;
  timings: Record<string, number>;
  host: { node: string; qemu: string; cores: number; accelerator: string; acceleratorReason: string };
  inputs: {
    scenario: string;
    image: string;
    imageKey: string;
    disks: Record<string, string>;
    bundles: Record<string, string>;
    packages: Record<string, string>;
  };
}
