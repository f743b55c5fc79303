import type { Verdict } from '../model/record.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import type { Window } from '../writelog/windows.ts';
import type { CellsRead, SectorsRead } from './space.ts';
import type { StateRef } from './states.ts';

/** What is decided one after the other: the device came back whole; the upgrade can be done again. */
export type Stage = 'whole' | 'retry';

/** How one stage ended. */
export interface StageEnd {
  stage: Stage;
  verdict: Verdict;
  /** `old (1.0) in A`: the same words for the same end. */
  outcome: string;
}

/** The same with the sectors, by disk, that were read before they were written, from power-on until the stage ended. */
export interface BootStage extends StageEnd {
  sectorsRead: readonly SectorsRead[];
}

/** A crash state that was booted: its stages, `whole` first, and what the caller notes of it. */
export interface Booted<R> {
  record: R;
  stages: readonly BootStage[];
}

/** How a state is to be booted. */
export interface BootRequest {
  /** Whether the upgrade is done again where the device came back whole. */
  retry: boolean;
  /** Whether everything from power-on is to happen in this boot, nothing being taken from an earlier one. */
  cold: boolean;
  /** Which random numbers the machine gives its guest: 0 in all boots, but in those that try another chance. */
  seed: number;
  /** Whether it is drawn, to hold to account what boots of other states have decided. */
  audit: boolean;
}

/** Boots one crash state for real. */
export type Boot<R> = (state: CrashState, window: Window, request: BootRequest) => Promise<Booted<R>>;

/** A boot that somebody has made already, of a state of the space. */
export interface KnownBoot<R> {
  ref: StateRef;
  /** What it was made for. */
  purpose: Stage | 'audit' | 'explanation';
  /** Whether the upgrade was done again in it, and which random numbers it had. */
  retry: boolean;
  seed: number;
  /** How it came back. */
  whole: Omit<StageEnd, 'stage'>;
  /** Takes it, for it stands for one boot; undefined where it has been taken. */
  take: () => Booted<R> | undefined;
}

/** A boot that somebody is making, of a state of the space. */
export interface BootUnderWay extends BootRequest {
  ref: StateRef;
}

/** Others that explore the same space. */
export interface Others<R> {
  /**
   * Does `work` while none of them chooses, told what they have booted since they were last asked, and what they are booting now.
   */
  inTurn: <T>(
    work: (news: { boots: readonly KnownBoot<R>[]; begun: readonly BootUnderWay[] }) => Promise<T>,
  ) => Promise<T>;
  /** Tells them that a state is about to be booted; returns what tells them that this is over. */
  begin: (ref: StateRef, request: BootRequest) => Promise<() => Promise<void>>;
  /** Waits a little for what they do. */
  pause: () => Promise<void>;
}

/** What one stage of a boot came to, and what it read for that. */
export interface BootVerdict {
  verdict: Verdict;
  outcome: string;
  read: CellsRead;
}

/** One state that was booted, and how many states that decided. */
export interface ExploredBoot<R> {
  /** Undefined for a state that is none of the space's. */
  ref: StateRef | undefined;
  state: CrashState;
  window: Window;
  record: R;
  /** States that each stage is decided of since this boot; itself included. */
  decides: Readonly<Record<Stage, number>>;
  whole: BootVerdict;
  retry: BootVerdict | undefined;
}
