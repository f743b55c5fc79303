import { join } from 'node:path';
import { keysOf } from '../core/keys.ts';
import { type MachineName, machineNames } from '../model/machine.ts';
import type { PackageFormat } from '../package/package-format.ts';
import { lacksProgram } from './described-programs.ts';
import { type BuiltImage, type ImageDescription, type OstreeImage, readDescription } from './description.ts';
import { assertBundles, type MeantBundles } from './prebuilt-files.ts';

/** How a release will be offered to update agents, as far as the description says it. */
export interface DescribedOffer {
  /** Formats of its bundles. */
  bundles: readonly string[];
  /** Format of its package feed; `unread`: that of the packages in a folder. */
  feed?: PackageFormat | 'unread';
  /** Its OSTree repository; `ordered`: a server may order commits of it. */
  repository?: { branch: string; deltas: boolean; ordered: boolean };
  /** Whether it is also several files below one address. */
  files: boolean;
  /** Whether it will be known what a device with it holds. */
  isTold: boolean;
}

/** What an image's description says of it, before anything is built. */
export interface DescribedImage {
  machines: MachineName[];
  /** Names of all releases of the image on a machine. */
  releasesOn: (machine: MachineName) => string[];
  /** Whether devices can leave the factory with a release, or with one before it from which they come to it. */
  startsWith: (machine: MachineName, version: string) => boolean;
  /** Undefined of a release that there is not. */
  offerOn: (machine: MachineName, version: string) => DescribedOffer | undefined;
  /** Throws ScenarioError `bundle-invalid` for files that somebody else has made, are there, and cannot be such bundles. */
  assertBundles: (machine: MachineName, meant: MeantBundles) => Promise<void>;
  /** Whether devices surely do not have a program; false where only the build, or nobody, can tell. */
  lacks: (program: string) => Promise<boolean>;
}

/** Reads `<imagesRoot>/<name>/image.yaml`. Throws ScenarioError with file:line:column. */
export async function describedImage(imagesRoot: string, name: string): Promise<DescribedImage> {
  const description = await readDescription(imagesRoot, name);
  const machines = 'prebuilt' in description ? description.prebuilt : description.machines;
  const releasesOn = (machine: MachineName) =>
    'prebuilt' in description
      ? Object.keys(description.prebuilt[machine]?.releases ?? {})
      : builtReleases(description);
  return {
    machines: machineNames.filter((machine) => machines[machine] !== undefined),
    releasesOn,
    startsWith: (machine, version) => {
      const releases = releasesOn(machine);
      const until = releases.slice(0, releases.indexOf(version) + 1);
      return until.some((one) => hasFactoryDisk(description, machine, one));
    },
    offerOn: (machine, version) =>
      releasesOn(machine).includes(version) ? offerOf(description, machine, version) : undefined,
    assertBundles: async (machine, meant) => {
      if ('prebuilt' in description)
        await assertBundles({ folder: join(imagesRoot, name), description, machine }, meant);
    },
    lacks: (program) => lacksProgram(description, join(imagesRoot, name), program),
  };
}

/** Those that are built: good ones, broken ones, and those in which one application is another. */
function builtReleases(description: Exclude<ImageDescription, { prebuilt: unknown }>): string[] {
  const broken = 'broken' in description ? description.broken : [];
  const applications = 'applications' in description ? description.applications.releases : [];
  return [...description.releases, ...broken, ...applications].map(({ version }) => version);
}

function hasFactoryDisk(description: ImageDescription, machine: MachineName, version: string): boolean {
  if ('prebuilt' in description)
    return description.prebuilt[machine]?.releases[version]?.factory !== undefined;
  return description.releases.find((one) => one.version === version)?.factory ?? false;
}

function offerOf(description: ImageDescription, machine: MachineName, version: string): DescribedOffer {
  if ('prebuilt' in description) {
    const release = description.prebuilt[machine]?.releases[version];
    const { bundles = {}, feed, slotContent, slotFiles, packages } = release ?? {};
    return {
      bundles: keysOf(bundles),
      ...(feed === undefined ? {} : { feed: 'unread' }),
      files: false,
      isTold: [feed, slotContent, slotFiles, packages].some((one) => one !== undefined),
    };
  }
  if ('feed' in description)
    return { bundles: [], feed: description.feed.format, files: false, isTold: true };
  return 'ostree' in description ? commitOffer(description) : slotOffer(description);
}

function commitOffer({ ostree: { branch, deltas }, applications }: OstreeImage): DescribedOffer {
  const repository = { branch, deltas: deltas === true, ordered: applications !== undefined };
  return { bundles: [], repository, files: false, isTold: true };
}

function slotOffer({ bundles, disk }: BuiltImage): DescribedOffer {
  return { bundles: bundles.formats, files: disk.slots === 'versioned', isTold: true };
}
