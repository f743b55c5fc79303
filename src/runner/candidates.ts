import { resolve } from 'node:path';
import { type BuildPlace, type ReadBuild, readBuild } from '../admission/package-facts.ts';
import type { ChosenAgent } from '../agents/agent.ts';
import { type AgentList, agentFor, agents } from '../agents/index.ts';
import { HarnessError, ScenarioError } from '../core/errors.ts';
import { releaseContents } from '../device/open-context.ts';
import { didYouMean } from '../document/suggest.ts';
import type { ImageManifest, PackageContents } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import { compareVersions } from '../package/control/version.ts';
import { formatOf, type PackageFormat } from '../package/package-format.ts';
import { compareRpmVersions } from '../package/rpm/version.ts';
import { qemuHost, type RunHost } from './run-host.ts';

/** Which packages of which image are meant. */
export interface CandidateOptions {
  packages: readonly string[];
  /** A reference image's name, or with a "/" the path of a folder. */
  image: string;
  machines: readonly MachineName[];
  /** Oldest first; undefined: those of the image that follow each other. */
  releases: readonly string[] | undefined;
  onNotice: (message: string) => void;
  signal: AbortSignal;
  /** Builds the image; from its description where absent. */
  host?: RunHost;
}

/** The packages in question, as the feeds have them. */
export interface Candidates {
  /** As scenarios name it, wherever they lie. */
  image: string;
  agent: ChosenAgent;
  releases: readonly string[];
  candidates: { name: string; reads: ReadBuild[] }[];
}

/**
 * Finds the packages in the feeds of all machines and releases, and reads them. Throws ScenarioError `unknown-package`,
 * `unknown-release`, `unknown-feed`, and what building the image throws.
 */
export async function candidatesOf(options: CandidateOptions): Promise<Candidates> {
  const { machines, packages, signal, onNotice, host = qemuHost } = options;
  const image = options.image.includes('/') ? resolve(options.image) : options.image;
  const feeds: Feed[] = [];
  for (const machine of machines) {
    const source = { path: '', sha256: '' };
    const manifest = await host.imageFor({ image, source }, machine, { signal, onNotice });
    const releases = options.releases ?? sequenceOf(manifest);
    const contents = (await releaseContents(manifest)) ?? new Map<string, PackageContents[]>();
    for (const release of releases) feeds.push(feedOf(manifest, release, contents.get(release)));
  }
  const releases = [...new Set(feeds.map(({ release }) => release))];
  if (releases.length < 2)
    throw new ScenarioError('one-release', `${image}: an upgrade needs two releases at least`);
  const candidates: Candidates['candidates'] = [];
  for (const name of packages) {
    const reads: ReadBuild[] = [];
    for (const feed of feeds) {
      const place = placeOf(feed, name);
      if (place !== undefined) reads.push(await readBuild(place, signal));
    }
    if (reads.length === 0) throw unknownPackage(image, name, feeds);
    candidates.push({ name, reads });
  }
  const [file = ''] = candidates.flatMap(({ reads }) => reads.map(({ facts }) => facts.file));
  const agent = agentForPackages(formatOf(file) ?? 'ipk');
  return { image, agent, releases, candidates };
}

/** What installs packages of a format: of several agents the first, with its defaults. */
export function agentForPackages(format: PackageFormat, list: AgentList = agents): ChosenAgent {
  const found = list
    .filter(({ takesDefaults }) => takesDefaults)
    .map(({ name }) => agentFor({ name }, list))
    .find(({ source }) => source.kind === 'feed' && source.format === format);
  if (found !== undefined) return found;
  throw new HarnessError('agent-unknown', `there is no agent for packages of the format ${format}`);
}

/** The releases of a product, oldest first, without those that are there for a scenario of their own. */
export function sequenceOf({ releases }: Pick<ImageManifest, 'releases'>): string[] {
  return Object.values(releases).flatMap(({ version, apart }) => (apart === true ? [] : [version]));
}

/** The feed of one release on one machine. */
interface Feed {
  machine: MachineName;
  release: string;
  contents: readonly PackageContents[];
  files: NonNullable<ImageManifest['releases'][string]['feed']>;
}

function feedOf(
  { name, machine, releases }: ImageManifest,
  release: string,
  contents: readonly PackageContents[] | undefined,
): Feed {
  const known = Object.keys(releases);
  const files = releases[release]?.feed;
  if (!known.includes(release))
    throw new ScenarioError(
      'unknown-release',
      `image ${name} has no release ${release}; it has ${known.join(', ')}${didYouMean(release, known)}`,
    );
  if (files === undefined || contents === undefined)
    throw new ScenarioError(
      'unknown-feed',
      `release ${release} of ${name} has no package feed: admission is of packages`,
    );
  return { machine, release, contents, files };
}

/** The newest build of a package in a feed, as package managers take it. */
function placeOf({ machine, release, contents, files }: Feed, name: string): BuildPlace | undefined {
  const builds = contents
    .filter((one) => one.name === name)
    .sort((a, b) => compare(a.path)(a.version, b.version));
  const file = builds.at(-1)?.path;
  const ref = file === undefined ? undefined : files[file];
  return file === undefined || ref === undefined
    ? undefined
    : { machine, release, file, path: ref.path, bytes: ref.bytes };
}

function compare(path: string): (a: string, b: string) => number {
  return formatOf(path) === 'rpm' ? compareRpmVersions : compareVersions;
}

function unknownPackage(image: string, name: string, feeds: readonly Feed[]): ScenarioError {
  const names = [...new Set(feeds.flatMap(({ contents }) => contents.map((one) => one.name)))];
  return new ScenarioError(
    'unknown-package',
    `no feed of ${image} has a package ${JSON.stringify(name.slice(0, 80))}${didYouMean(name, names)}`,
  );
}
