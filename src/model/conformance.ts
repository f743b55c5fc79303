import type { Finding, Problem, StepRecord } from './record.ts';

/**
 * What an update agent claims to do. `slots`: releases are whole slots, the running one is never written; `stream`:
 * reads the bundle from its address; `verified`: refuses a bundle that is not what was signed; `bootCount`: a release that
 * does not come up, or is not confirmed in time, gives way to the one before; `rollback`: leads back when asked to; `server`: takes
 * orders from a server, and tells it what came of them; `downgradeGuard`: refuses a release older than the one that runs;
 * `pendingGuard`: refuses any other release as long as nobody has confirmed the one that runs; `triesOnce`: a release that is
 * not confirmed at its first start is given no other one; `dates`: refuses what is signed with a certificate that is not
 * valid by the device's clock; `dependencies`: refuses what needs something that the device does not have; `stateScripts`: runs scripts that a bundle brings along, waits for one that asks for it, and
 * takes the failure of one for the update's; `maintenanceWindow`: installs what a server orders while its maintenance window is open, and writes
 * nothing before; `applications`: exchanges an application without a reboot, undisturbed by which everything else goes on, and takes back one
 * that does not tell that it works.
 */
export const abilities = [
  'slots',
  'stream',
  'verified',
  'bootCount',
  'rollback',
  'server',
  'downgradeGuard',
  'pendingGuard',
  'triesOnce',
  'dates',
  'dependencies',
  'stateScripts',
  'maintenanceWindow',
  'applications',
] as const;
export type Ability = (typeof abilities)[number];

/**
 * What a case of the conformance suite comes to. `not-applicable`: the image or the scenario has nothing to try it with;
 * `ability-missing`: the agent does not claim it, and what then happens is told, not judged; `unknown`: not decided;
 * `error`: the harness broke, or the scenario is wrong; `proves-nothing`: what must go wrong did not, so that the suite would
 * not see it elsewhere either.
 */
export type CaseVerdict =
  | 'passed'
  | 'failed'
  | 'unknown'
  | 'error'
  | 'not-applicable'
  | 'ability-missing'
  | 'proves-nothing';

/** One case as it went. */
export interface CaseRecord {
  /** As the suite has it: `B2`. */
  id: string;
  group: string;
  title: string;
  verdict: CaseVerdict;
  seconds: number;
  steps: StepRecord[];
  /** Why it was not done, or what decided it. */
  reason?: string;
  /** Of a case that ended as an error, or whose device failed. */
  problem?: Problem;
  /** What is worth a look and decides nothing. */
  notes: string[];
  /** Of a case about power: each way to fail, with its token. Absent where there is none. */
  findings?: Finding[];
  /** When an earlier run did it, in ISO 8601; absent: this one did. */
  done?: string;
}

/** The suite for one scenario on one machine. */
export interface ConformanceRecord {
  format: 1;
  id: string;
  scenario: string;
  scenarioFile: string;
  machine: string;
  image: string;
  imageKey: string;
  agent: string;
  abilities: readonly Ability[];
  /** The releases that were tried, by the part that each plays. */
  releases: Partial<Record<Role, string>>;
  verdict: 'passed' | 'failed' | 'error' | 'unknown';
  started: string;
  seconds: number;
  cases: CaseRecord[];
  /** Of what broke before any case was tried. */
  problem?: Problem;
}

/**
 * The parts that releases play: `old` is the one that the device has; `new` the next; `next` the one after it; `broken`
 * one that does not come up, for whatever reason; `silent` an application that never tells that it works; the others are
 * broken in one way each.
 */
export const roles = [
  'old',
  'new',
  'next',
  'broken',
  'no kernel',
  'no init',
  'hanging',
  'unhealthy',
  'silent',
] as const;
export type Role = (typeof roles)[number];
