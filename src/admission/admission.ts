import type { MachineName } from '../model/machine.ts';
import type { Finding, RunRecord, Verdict } from '../model/record.ts';
import type { ProvisionStep } from '../model/scenario.ts';
import type { PackageFacts } from './package-facts.ts';

/** What is asked of a package; the order is the dossier's. */
export const criterionIds = [
  'install',
  'upgrade',
  'configuration',
  'services',
  'reboot',
  'reinstall',
  'power-cuts',
] as const;
export type CriterionId = (typeof criterionIds)[number];

/** `not run`: nobody asked for it. `not applicable`: the package has nothing of the kind. Neither is ever a pass. */
export type CriterionVerdict = Verdict | 'not run' | 'not applicable';

/** One thing that a criterion was decided by. */
export interface Evidence {
  /** The release or the upgrade: `4.0.1->4.0.2`. */
  subject: string;
  /** What was done or looked at: `before reboot: services`. */
  what: string;
  verdict: Verdict;
  /** What was seen, for people. */
  seen: string;
  /** Releases of the path that it belongs to. */
  path: string[];
  /** The step in run.json; absent where the path did not come so far. */
  step?: string;
  /** Console log, below the dossier's folder. */
  console?: string;
}

/** What one criterion came to on one machine. */
export interface Criterion {
  id: CriterionId;
  machine: MachineName;
  verdict: CriterionVerdict;
  /** One sentence. */
  summary: string;
  evidence: Evidence[];
  /** Of power cuts. */
  findings: Finding[];
  /** Command lines, to be typed in the dossier's folder. */
  reproduce: string[];
}

/** One package: what it is, what was done with it, and what that showed. */
export interface PackageAdmission {
  name: string;
  verdict: Verdict;
  /** On each machine, by release. */
  builds: PackageFacts[];
  /** Releases that were asked for and do not have the package. */
  missing: { machine: MachineName; release: string }[];
  /** The scenario that was run: a path below the dossier's folder, and its SHA-256. */
  scenario: { file: string; sha256: string };
  paths: string[][];
  /** What the owner did to the package's configuration. */
  edits: Extract<ProvisionStep, { append: unknown }>['append'][];
  /** Conffiles that were left as they are, and why. */
  unedited: { path: string; why: string }[];
  /** Units that must be active. */
  units: string[];
  /** Units of the package that need not be active, and why. */
  idle: { unit: string; why: string }[];
  criteria: Criterion[];
  runs: AdmissionRun[];
}

/** A run that evidence is taken from. */
export interface AdmissionRun
  extends Pick<RunRecord, 'id' | 'machine' | 'verdict' | 'seconds' | 'started' | 'host' | 'inputs'> {
  /** Below the dossier's folder. */
  folder: string;
  /** Its paths that an earlier run has taken, and when, in ISO 8601; absent where there are none. */
  earlier?: { path: string[]; taken: string }[];
}

/** What admission.json holds. Fields are added to a format; any other change is another format. */
export interface Admission {
  format: 1;
  id: string;
  /** Version of this program. */
  brownout: string;
  /** ISO 8601, UTC. */
  created: string;
  /** Of what was run: a criterion that was not run is no part of it. */
  verdict: Verdict;
  image: string;
  agent: string;
  machines: MachineName[];
  releases: string[];
  powerCuts: string;
  packages: PackageAdmission[];
  /** What a proposal must say and no test can show. */
  toBeStated: string[];
  /** What was not looked at. */
  limits: string[];
}

/** A record of a run with the folder where it lies, below the dossier's. */
export interface RanScenario {
  folder: string;
  record: RunRecord;
}

/** What has been run, and how to run it again. */
export interface JudgedRun {
  machine: MachineName;
  /** Undefined where nothing came of it. */
  ran: RanScenario | undefined;
  /** As on the command line. */
  powerCuts: string;
  /** The scenario's file, below the dossier's folder. */
  scenarioFile: string;
}
