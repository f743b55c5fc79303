import { ScenarioError } from '../core/errors.ts';
import { didYouMean } from '../document/suggest.ts';
import { describedImage } from '../image/described.ts';
import { imageNames, ownImages, unknownImage } from '../image/own-images.ts';
import type { MachineName } from '../model/machine.ts';
import type { Scenario } from '../model/scenario.ts';
import { folderOf } from './scenario-image.ts';

/**
 * Holds a scenario against the description of its image, before anything is built; on `machine` alone where it is named.
 * Throws ScenarioError `image-unknown`, `machine-unsupported`, `unknown-release`, or what is wrong with the description.
 */
export async function assertDescribed(scenario: Scenario, machine?: MachineName): Promise<void> {
  const { image, machines, paths, source } = scenario;
  const { name, imagesRoot } = folderOf(scenario);
  const known = imagesRoot === ownImages ? await imageNames() : [name];
  if (!known.includes(name)) {
    throw new ScenarioError('image-unknown', `${source.path}: ${unknownImage(name, known)}`, {
      hint: `an image of your own is a path with a "/": image: ./${name}`,
    });
  }
  const described = await describedImage(imagesRoot, name);
  for (const one of machines.filter((each) => each === (machine ?? each))) {
    if (!described.machines.includes(one))
      throw new ScenarioError(
        'machine-unsupported',
        `${source.path}: image ${image} is not made for ${one}, only for ${described.machines.join(', ')}`,
      );
    const releases = described.releasesOn(one);
    const missing = paths.flat().find((release) => !releases.includes(release));
    if (missing !== undefined)
      throw new ScenarioError(
        'unknown-release',
        `${source.path}: image ${image} has no release ${missing}${didYouMean(missing, releases)}; it has ${releases.join(', ')}`,
      );
  }
}
