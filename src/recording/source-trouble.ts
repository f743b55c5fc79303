import type { ChosenAgent } from '../agents/agent.ts';
import { HarnessError, ScenarioError } from '../core/errors.ts';
import { feedPath } from '../device/deliver-feed.ts';
import { deliveryTo, offerOf } from '../device/deliveries.ts';
import type { ServedFile } from '../device/delivery.ts';
import type { RunContext } from '../device/run-context.ts';
import { didYouMean } from '../document/suggest.ts';
import type { ImageManifest } from '../model/image.ts';
import { type FaultyAttempt, isHawkbitFault, type SourceFault } from '../model/scenario.ts';
import type { Upgrade } from '../model/upgrade.ts';
import { hawkbitTrouble } from './hawkbit-trouble.ts';
import type { Trouble } from './trouble.ts';

/** What of a context troubles are worked out from. */
export type Sources = Pick<RunContext, 'scenario' | 'contents'> & {
  agent: Pick<ChosenAgent, 'source'>;
  manifest: Pick<ImageManifest, 'releases'>;
};

/**
 * Throws ScenarioError `fault-beyond` where a fault names a byte that a file of the scenario's upgrades does not have,
 * and `fault-no-package` where a release has no such package.
 */
export function assertFaults(sources: Sources): void {
  const { paths, serverFaults } = sources.scenario;
  for (const attempt of serverFaults)
    for (const path of paths)
      path.slice(1).forEach((to, i) => troubleOf(sources, attempt, { from: path[i] ?? to, to }));
}

/** What an attempt means for one upgrade. Throws ScenarioError `fault-beyond`, `fault-no-package`. */
export function troubleOf(sources: Sources, attempt: FaultyAttempt, upgrade: Upgrade): Trouble {
  const { fault } = attempt;
  const trouble = isHawkbitFault(fault)
    ? hawkbitTrouble({ ...attempt, fault }, upgrade)
    : sourceTrouble(sources, { ...attempt, fault }, upgrade);
  return attempt.oneOf === undefined ? trouble : { ...trouble, oneOf: attempt.oneOf };
}

/** Bytes that a slow server sends in a second. */
const usualBytesPerSecond = 100;

/** What is wrong with the files of a release. */
function sourceTrouble(
  sources: Sources,
  attempt: FaultyAttempt & { fault: SourceFault },
  { from, to }: Upgrade,
): Trouble {
  const { fault, bytesPerSecond = usualBytesPerSecond } = attempt;
  if (fault === 'index-first' || fault === 'packages-first') {
    const [release, before] = [feedPath(to).slice(1), feedPath(from).slice(1)];
    const still = fault === 'index-first' ? 'packages' : 'index';
    const [there, missing] = fault === 'index-first' ? ['indexes', 'packages'] : ['packages', 'indexes'];
    return {
      faults: [{ kind: 'half-published', release, before, still }],
      text: `the server has the ${there} of ${to}, but still the ${missing} of ${from}`,
    };
  }
  const files = filesMeant(sources, attempt, to);
  const told = files.map((file) => ({ file, place: placeIn(sources, attempt, file) }));
  const [first] = told;
  const what = first === undefined ? to : first.file.what;
  const more = told.length > 1 ? `, and so for ${told.length - 1} more` : '';
  const where = first === undefined ? to : `byte ${first.place} of ${first.file.bytes} of ${what}${more}`;
  switch (fault) {
    case 'missing':
      return {
        faults: files.map(({ path }) => ({ kind: 'missing', file: path })),
        text: `${what} is missing from the server${more}`,
      };
    case 'truncated':
      return {
        faults: told.map(({ file, place }) => ({ kind: 'truncated', file: file.path, bytes: place })),
        text: `the server's file ends at ${where}`,
      };
    case 'corrupted':
      return {
        faults: told.map(({ file, place }) => ({ kind: 'corrupted', file: file.path, at: place })),
        text: `the server sends a wrong ${where}`,
      };
    case 'dropped':
      return {
        faults: told.map(({ file, place }) => ({ kind: 'dropped', file: file.path, afterBytes: place })),
        text: `the server drops the connection at ${where}`,
      };
    case 'slow':
      return {
        faults: told.map(({ file, place }) => ({
          ...{ kind: 'slow', file: file.path, afterBytes: place },
          bytesPerSecond,
        })),
        oneOf: ['old', 'new'],
        text: `the server sends ${bytesPerSecond} bytes a second from ${where} on`,
      };
    case 'changed': {
      const [other] = deliveryTo(sources.agent).faultable(offerOf(sources.manifest, from));
      return {
        faults: told.map(({ file, place }) => ({
          ...{ kind: 'changed', file: file.path, afterBytes: place },
          other: `/${other?.path ?? ''}`,
        })),
        text: `the server has ${from} in place of ${to} from ${where} on`,
      };
    }
  }
}

/**
 * The server has another release in the place of the one that is installed, from half of it on: the connection ends there
 * once, and whoever comes back for the rest is given the other's. For an agent that takes one file.
 */
export function changedHalfway(
  { agent, manifest }: Pick<Sources, 'agent' | 'manifest'>,
  to: string,
  other: string,
): Trouble {
  const { path, afterBytes } = fileHalfway({ agent, manifest }, to);
  const { path: instead } = fileHalfway({ agent, manifest }, other);
  return {
    faults: [{ kind: 'changed', file: path, afterBytes, other: `/${instead}` }],
    text: `the server has ${other} in place of ${to} from byte ${afterBytes} on`,
  };
}

/** The server sends half of the file that an agent is given, and then nothing more. */
export function stalledHalfway(sources: Pick<Sources, 'agent' | 'manifest'>, to: string): Trouble {
  const { path, afterBytes } = fileHalfway(sources, to);
  return {
    faults: [{ kind: 'stalled', file: path, afterBytes }],
    text: `the server sends nothing of ${to} from byte ${afterBytes} on`,
  };
}

/** The file of a release that an agent is given, and the byte in its middle. Throws HarnessError `image-incomplete`. */
export function fileHalfway(
  { agent, manifest }: Pick<Sources, 'agent' | 'manifest'>,
  release: string,
): { path: string; afterBytes: number } {
  const [file] = deliveryTo(agent).faultable(offerOf(manifest, release));
  if (file === undefined)
    throw new HarnessError('image-incomplete', `release ${release} has no file to be served`);
  return { path: file.path, afterBytes: Math.floor(file.bytes / 2) };
}

/** The bundle, the file of a package, or the feed's indexes, the largest first. */
function filesMeant(
  { scenario, contents, manifest, agent }: Sources,
  { name, package: wanted }: FaultyAttempt,
  release: string,
): ServedFile[] {
  const delivery = deliveryTo(agent);
  const offer = offerOf(manifest, release);
  if (wanted === undefined) return delivery.faultable(offer);
  const packages = contents?.get(release) ?? [];
  const found = packages.filter((one) => one.name === wanted);
  if (found.length > 0) return delivery.faultable(offer, found);
  throw new ScenarioError(
    'fault-no-package',
    `${scenario.source.path}: serverFaults, ${name}: ${release} has no package ${wanted}${didYouMean(
      wanted,
      packages.map((one) => one.name),
    )}`,
  );
}

/** The byte of a file that a fault names. Throws ScenarioError `fault-beyond`. */
function placeIn(
  { scenario: { source } }: Sources,
  { name, fault, at }: FaultyAttempt,
  { inFull, bytes }: ServedFile,
): number {
  const place = 'byte' in at ? at.byte : Math.floor(bytes * at.share);
  if (fault === 'missing' || place < bytes) return place;
  throw new ScenarioError(
    'fault-beyond',
    `${source.path}: serverFaults, ${name}: there is no byte ${place} in ${inFull}, which has ${bytes}`,
    { hint: 'bytes are counted from 0; a share such as 50% fits every file' },
  );
}
