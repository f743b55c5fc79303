import { basename } from 'node:path';
import type { ConfigurationPromise } from './configuration.ts';
import type { DeviceClock } from './device-clock.ts';
import type { Network } from './guest-network.ts';
import type { MachineName } from './machine.ts';
import type { RecordingsAsked } from './recording.ts';

/**
 * One thing that the device's owner did before the upgrade. `install` takes packages from the feed of the release that
 * runs; `run` is executed by the guest's shell.
 */
export type ProvisionStep =
  | { install: { packages: string[] } }
  | { write: { path: string; content: string; mode?: number } }
  | { append: { path: string; content: string } }
  | { edit: { path: string; replace: string; with: string } }
  | { delete: { path: string } }
  | { link: { path: string; to: string } }
  | { run: string };

/** What the device is doing when the power fails. */
export const cutPhases = ['install', 'first-boot', 'confirm', 'idle', 'rollback', 'second-cut'] as const;
export type CutPhase = (typeof cutPhases)[number];

/** Those that are cut where a scenario says nothing: all that belong to an upgrade. */
export const usualCutPhases = cutPhases.filter((phase) => phase !== 'idle');

/** The power fails again while the device comes back from the cut before: the second in a row, and further ones. */
export const laterCuts = ['second-cut', 'third-cut', 'fourth-cut'] as const;
export type LaterCut = (typeof laterCuts)[number];

/** A phase's name of today: a second cut was called `recovery`, which scenarios and stored files may still say. */
export function phaseName<T>(name: T): T | 'second-cut' {
  return name === 'recovery' ? 'second-cut' : name;
}

/** How a crash state is made from the write log; `writelog/crash-state.ts` says what each is. */
export const stateKinds = ['prefix', 'lost', 'torn', 'subset'] as const;
export type StateKind = (typeof stateKinds)[number];

/** Which crash states are tried; `naive` kills QEMU and loses nothing, as other harnesses do. */
export type PowerCuts =
  | { mode: 'none' }
  | { mode: 'all' }
  | { mode: 'random'; count: number }
  | { mode: 'naive'; count: number };

/** An update agent and its settings, plain data as JSON has it; `agents/` says which agents and settings there are. */
export interface AgentSpec {
  readonly name: string;
  readonly [setting: string]: unknown;
}

/** The packages that the scenario installs, of those of the image's feed. */
export function installedBy({ provision }: Pick<Scenario, 'provision'>): string[] {
  return provision.flatMap((step) => ('install' in step ? step.install.packages : []));
}

/** A byte of a file, or the share of the file (0 to 1) that comes before it: bundles differ in length. */
export type FilePlace = { byte: number } | { share: number };

/** What may be wrong with a file as the server gives it; `feed/faults.ts` says what each is. */
export const fileFaults = ['missing', 'truncated', 'corrupted', 'dropped', 'slow', 'changed'] as const;
/** How a package feed is found while its next release is being copied to it: what is there already. */
export const publishingFaults = ['index-first', 'packages-first'] as const;

/** What a hawkBit server may answer to a device; `hawkbit/faults.ts` says what each is. */
export const hawkbitFaults = ['http-410', 'http-429', 'http-500', 'http-503', 'lost', 'wrong-hash'] as const;
export type HawkbitFault = (typeof hawkbitFaults)[number];
/** What of a device's it may answer so. */
export const hawkbitRequests = [
  'poll',
  'deployment',
  'artifact',
  'feedback',
  'closing',
  'configData',
] as const;

/** What may be wrong with the files of a release. */
export type SourceFault = (typeof fileFaults)[number] | (typeof publishingFaults)[number];

/** Whether it is a hawkBit server that does wrong. */
export function isHawkbitFault(fault: SourceFault | HawkbitFault): fault is HawkbitFault {
  return hawkbitFaults.some((one) => one === fault);
}

/** A try to upgrade while something is wrong with the source. */
export interface FaultyAttempt {
  name: string;
  fault: SourceFault | HawkbitFault;
  /** Of a package feed: the package whose file it is; without it all indexes are meant. */
  package?: string;
  /** Where the file ends, is wrong, is lost, becomes slow or another one; without meaning for the other faults. */
  at: FilePlace;
  /** Of a file that becomes slow. */
  bytesPerSecond?: number;
  /** Of a hawkBit server: which requests meet it, and how many of them; then it is over. Absent: the usual ones of the fault. */
  on?: (typeof hawkbitRequests)[number];
  times?: number;
  /** Releases that the device may be on after the try. Absent: the usual ones of the fault. */
  oneOf?: readonly ReleaseAge[];
}

/** Texts on a console's lines; `*` stands for any run of characters. */
export interface ConsoleTexts {
  /** Lines that say nothing against the device, whatever they look like. */
  allow: readonly string[];
  /** What every boot of the device must show. */
  require: readonly string[];
}

/** A hawkBit server that somebody else runs, and where `user:password` of its Management API is found. */
interface NamedServer {
  hawkbit: {
    /** Without a slash at its end. */
    address: string;
    tenant: string;
    credentials: { environment: string } | { file: string };
  };
}

/** What the conformance suite is told of the releases of a scenario. */
interface ConformanceFacts {
  /** A file that owners change, whose default is another one in the third release. */
  setting?: string;
  /** Commands of the guest's shell by which each release writes the owner's data in its own form, and reads what is there. */
  data?: { write: string; read: string };
}

/** Something that the scenario wants to hold of a device that came up; `run` is executed by the guest's shell. */
interface ScenarioCheck {
  name: string;
  run: string;
  /** Also where packages were just changed, before the device is booted again. */
  when?: 'always';
  /** Milliseconds after the login at which it is run at the earliest. */
  afterMs?: number;
}

/** A release of the upgrade that was cut: the one that the device had, or the one that it was given. */
export type ReleaseAge = 'old' | 'new';

/**
 * A path of the owner's. With `follow` a link stands for what it leads to; with `attributes` its extended attributes are
 * compared too. Plain paths are strings: digests of inputs are made over them.
 */
export type ConfigurationEntry = string | { path: string; follow?: true; attributes?: true };

/** How a path of the owner's is looked at. */
export interface OwnedPath {
  path: string;
  /** Where it is a link: the link is the owner's; or what it leads to; or both, as the owner wrote through it. */
  links: 'kept' | 'followed' | 'both';
  attributes: boolean;
}

/** How the owner's paths are looked at: what the owner wrote into a file through a link is the owner's too. */
export function ownedPaths({
  provision,
  configuration,
}: Pick<Scenario, 'provision' | 'configuration'>): OwnedPath[] {
  const writtenThrough = new Map<string, boolean>();
  for (const step of provision) {
    if ('write' in step) writtenThrough.set(step.write.path, true);
    if ('append' in step) writtenThrough.set(step.append.path, true);
    if ('edit' in step) writtenThrough.set(step.edit.path, true);
    if ('link' in step) writtenThrough.set(step.link.path, false);
  }
  return configuration.map((entry) => {
    const { path, follow, attributes }: Exclude<ConfigurationEntry, string> =
      typeof entry === 'string' ? { path: entry } : entry;
    const links = writtenThrough.get(path) === true ? 'both' : 'kept';
    return { path, links: follow === true ? 'followed' : links, attributes: attributes === true };
  });
}

/** When a failure shows: in which phase the power failed, or `no-cut`. */
export const knownPhases = [
  ...new Set([...cutPhases, ...laterCuts, 'reset-storm' as const, 'no-cut' as const]),
] as const;
export type KnownPhase = (typeof knownPhases)[number];

/** What a failure is recognised by, on any recording: never its token. What is left out may be anything. */
export interface KnownCause {
  /** As reports name it, without its upgrade: `configuration`, `retry: release`. */
  check: string;
  phases: KnownPhase[];
  kinds?: StateKind[];
  /** Patterns of paths (core/glob.ts). */
  files?: string[];
}

/** A failure that somebody has looked at and reported, and that shall fail no run until a date. */
export interface KnownFinding {
  cause: KnownCause;
  /** The last day on which it counts as known: `2027-03-01`, UTC. */
  until: string;
  /** Where it was reported. */
  tracker: string;
  why: string;
  /** Only on these; absent: on each. */
  machines?: MachineName[];
}

/** A parsed, checked scenario: what is to be shown, on which image, along which releases. */
export interface Scenario {
  name: string;
  /** Where it was read from, and its SHA-256. */
  source: { path: string; sha256: string };
  machines: MachineName[];
  image: string;
  agent: AgentSpec;
  releases: string[];
  /** Resolved upgrade paths; one of a single release installs packages and upgrades nothing. */
  paths: string[][];
  provision: ProvisionStep[];
  /** Absolute guest paths of what is the owner's: those the provision steps touch, and more if listed. */
  configuration: ConfigurationEntry[];
  checks: ScenarioCheck[];
  /** Absent: no line is allowed, none asked for. */
  console?: ConsoleTexts;
  /** Absent: the date of all guests, kept. */
  clock?: DeviceClock;
  conformance?: ConformanceFacts;
  /** Who gives orders; absent: the server that is part of this program. */
  server?: NamedServer;
  /** Absent: closed. */
  network?: Extract<Network, 'open'>;
  /** Failures that fail no run until a date: of the file itself, and of the list beside it; absent: none. */
  known?: KnownFinding[];
  /** Packages that are removed at the end of each path, and installed again; absent: none. */
  reinstall?: string[];
  /** Tried, one after the other, before each upgrade of a path. */
  serverFaults: FaultyAttempt[];
  powerCuts: {
    during: CutPhase[];
    states: StateKind[];
    /** Cuts in a row where second cuts are made: 2 where absent. */
    inARow?: number;
    /** How often in a row a confirmed device loses its power before anybody can log in; absent: not tried. */
    resetStorm?: number;
  } & RecordingsAsked;
  expect: {
    /** Milliseconds from power-on to a working login; and on the first start of a device fresh from the factory. */
    bootsWithinMs: number;
    firstBootWithinMs: number;
    /** Milliseconds that one installation may take. */
    installsWithinMs: number;
    /** Without a cut: does the device end on the new release, or fall back by itself to the old one? */
    upgrade: 'succeeds' | 'falls-back';
    /** After a cut: which whole releases are allowed. Undefined: which release runs is never looked at. */
    release: readonly ReleaseAge[] | undefined;
    /** The same of phases that have an answer of their own. */
    releaseAfter?: Partial<Record<CutPhase, readonly ReleaseAge[]>>;
    /** After a fall-back without a cut: must the next starts stay on the old release, without a reset of the device's own? */
    fallback: 'lasts' | 'unchecked';
    /** Packages that an upgrade to a release leaves not configured, by release: that release is broken, and known to be. */
    broken: Readonly<Record<string, readonly string[]>>;
    /** Patterns of paths whose mode, owner, kind or target packages' scripts are known to change; absent: none. */
    changedByScripts?: readonly string[];
    /** After a cut: in how many ways may devices come out whole of one upgrade? */
    outcomes: 'two' | 'unchecked';
    /** Undefined: nobody asks what becomes of the owner's files. */
    configuration: ConfigurationPromise | undefined;
    /** After a cut: must installing again bring the device to where the upgrade should end? */
    retry: 'succeeds' | 'unchecked';
    /** Without a cut: starts of a confirmed device, each of which must find it on its release; 0: none. */
    confirmedBoots: number;
    /** At the end of each path: must the agent's rollback bring back the release before? */
    rollback: 'succeeds' | 'unchecked';
  };
}

/** A scenario's file name without its ending, for folder names. */
export function scenarioSlug(path: string): string {
  return basename(path)
    .replace(/\.ya?ml$/, '')
    .replaceAll(/[^A-Za-z0-9._-]/g, '-');
}
