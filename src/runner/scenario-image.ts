import { basename, dirname, resolve } from 'node:path';
import { agentFor } from '../agents/index.ts';
import { ScenarioError } from '../core/errors.ts';
import { deliveryTo, offerOf } from '../device/deliveries.ts';
import { startRelease } from '../device/start-release.ts';
import { didYouMean } from '../document/suggest.ts';
import { type BuildOptions, buildImage } from '../image/build.ts';
import { bootFiles } from '../image/manifest.ts';
import { ownImages } from '../image/own-images.ts';
import type { WrongBundle } from '../image/wrong-bundle.ts';
import { type WrongCommit, type WrongOffer, wrongRelease } from '../image/wrong-release.ts';
import type { FileRef, ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import { installedBy, type Scenario } from '../model/scenario.ts';
import { misfitLines } from '../scenario/place.ts';

/** The same for scenarios with the same image: its name, or the folder of its description. */
export function imageId({ image, source }: Pick<Scenario, 'image' | 'source'>): string {
  return image.includes('/') ? resolve(dirname(source.path), image) : image;
}

/** Builds a scenario's image for one machine, or takes it from the cache. */
export function imageFor(
  scenario: Pick<Scenario, 'image' | 'source'>,
  machine: MachineName,
  options: Pick<BuildOptions, 'signal' | 'onNotice' | 'onReplaced'>,
): Promise<ImageManifest> {
  return buildImage({ ...folderOf(scenario), machine, ...options });
}

/** Makes what devices must not take of a release of a scenario's image; or says why there is none. */
export function wrongReleaseFor(
  scenario: Pick<Scenario, 'image' | 'source'>,
  manifest: ImageManifest,
  wanted: WrongBundle | WrongCommit,
  signal: AbortSignal,
): Promise<WrongOffer | string> {
  return wrongRelease({ ...folderOf(scenario), manifest, signal }, wanted);
}

/** Where the description of a scenario's image is. */
export function folderOf(scenario: Pick<Scenario, 'image' | 'source'>): { name: string; imagesRoot: string } {
  const id = imageId(scenario);
  return scenario.image.includes('/')
    ? { name: basename(id), imagesRoot: dirname(id) }
    : { name: id, imagesRoot: ownImages };
}

/** What to do where nobody can say which release runs. */
export const unknowableHint =
  'give the release its slotContent or slotFiles in the image.yaml, or let the scenario say how it is told: identity of an agent script, or expect: { release: unchecked }';

/** Throws ScenarioError with file:line:column where the image does not have what the scenario's paths need. */
export async function assertReleases(scenario: Scenario, manifest: ImageManifest): Promise<void> {
  const { expect, paths } = scenario;
  const misfit = (release: string, message: string) =>
    misfitLines(scenario, [{ part: { release }, message }]);
  const agent = agentFor(scenario.agent);
  const upgradedTo = new Set(paths.flatMap((path) => sourcesOf(path, scenario, manifest)));
  for (const version of new Set(paths.flat())) {
    const release = manifest.releases[version];
    const known = Object.keys(manifest.releases);
    if (release === undefined)
      throw new ScenarioError(
        'unknown-release',
        await misfit(
          version,
          `image ${manifest.name} has no release ${version}; it has ${known.join(', ')}${didYouMean(version, known)}`,
        ),
      );
    const isTold = release.content.kind !== 'unknown' || agent.identity !== undefined;
    if (!isTold && expect.release !== undefined)
      throw new ScenarioError(
        'release-unknowable',
        await misfit(version, `image ${manifest.name} does not say what a device with ${version} holds`),
        { hint: unknowableHint },
      );
    if (!upgradedTo.has(version)) continue;
    const lack = deliveryTo(agent).lack(release, agent.name);
    if (lack !== undefined)
      throw new ScenarioError(
        lack.code,
        await misfit(version, `release ${version} of ${manifest.name} ${lack.message}`),
      );
  }
}

/** What this scenario reads of the image: a file that the host has damaged must not look like the device's fault. */
export function filesInUse(scenario: Scenario, manifest: ImageManifest): FileRef[] {
  const { paths, serverFaults } = scenario;
  const delivery = deliveryTo(agentFor(scenario.agent));
  const { boot, releases } = manifest;
  const factory = paths.flatMap(([first = '']) =>
    Object.values(releases[startRelease(manifest, first)]?.factory ?? {}),
  );
  const given = (version: string) => delivery.files(offerOf(manifest, version));
  // A feed may be given half as the release before.
  const bundles = paths.flatMap((path) =>
    (serverFaults.length > 0 ? path : sourcesOf(path, scenario, manifest)).flatMap(given),
  );
  return [...new Set([...bootFiles(boot), ...factory, ...bundles])];
}

/** The releases that a device of this path is given: those that it is upgraded to, and where packages are installed. */
function sourcesOf(path: readonly string[], scenario: Scenario, manifest: ImageManifest): readonly string[] {
  const [first = ''] = path;
  const isGiven =
    manifest.releases[first] !== undefined &&
    (installedBy(scenario).length > 0 || startRelease(manifest, first) !== first);
  return isGiven ? path : path.slice(1);
}
