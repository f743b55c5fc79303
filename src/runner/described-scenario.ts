import type { ChosenAgent } from '../agents/agent.ts';
import { agentFor } from '../agents/index.ts';
import { ScenarioError } from '../core/errors.ts';
import { didYouMean } from '../document/suggest.ts';
import { type DescribedImage, describedImage } from '../image/described.ts';
import { imageNames, ownImages, unknownImage } from '../image/own-images.ts';
import type { MachineName } from '../model/machine.ts';
import { installedBy, type Scenario } from '../model/scenario.ts';
import { type Misfit, misfitLines } from '../scenario/place.ts';
import { describedLack } from './described-lack.ts';
import { folderOf, unknowableHint } from './scenario-image.ts';

/**
 * Holds a scenario against the description of its image, before anything is built; on `machine` alone where it is named.
 * Throws ScenarioError `image-unknown`, `machine-unsupported`, `unknown-release`, `no-factory-disk`, `unknown-bundle`, `unknown-feed`,
 * `agent-unsupported`, `bundle-invalid` or `release-unknowable`, with file:line:column, or what is wrong with the description.
 */
export async function assertDescribed(scenario: Scenario, machine?: MachineName): Promise<void> {
  const { image } = scenario;
  const { name, imagesRoot } = folderOf(scenario);
  const known = imagesRoot === ownImages ? await imageNames() : [name];
  if (!known.includes(name)) {
    const misfit: Misfit = { part: 'image', message: unknownImage(name, known) };
    throw new ScenarioError('image-unknown', await misfitLines(scenario, [misfit]), {
      hint: `an image of your own is a path with a "/": image: ./${name}`,
    });
  }
  const described = await describedImage(imagesRoot, name);
  const machines = scenario.machines.filter((each) => each === (machine ?? each));
  const unsupported = machines.filter((one) => !described.machines.includes(one));
  if (unsupported.length > 0)
    throw new ScenarioError(
      'machine-unsupported',
      await misfitLines(
        scenario,
        unsupported.map((one) => ({
          part: { machine: one },
          message: `image ${image} is not made for ${one}, only for ${described.machines.join(', ')}`,
        })),
      ),
    );
  for (const one of machines) await assertOffered(scenario, described, one);
}

/** The same of one machine that the image is made for. */
async function assertOffered(
  scenario: Scenario,
  described: DescribedImage,
  machine: MachineName,
): Promise<void> {
  const { image, paths, releases: listed } = scenario;
  const named = [...new Set([...listed, ...paths.flat()])];
  const releases = described.releasesOn(machine);
  const missing = named.filter((release) => !releases.includes(release));
  if (missing.length > 0)
    throw new ScenarioError(
      'unknown-release',
      await misfitLines(
        scenario,
        missing.map((release) => ({
          part: { release },
          message: `image ${image} has no release ${release}${didYouMean(release, releases)}; it has ${releases.join(', ')}`,
        })),
      ),
    );
  const starts = new Set(paths.flatMap(([first]) => first ?? []));
  const unstarted = [...starts].filter((release) => !described.startsWith(machine, release));
  if (unstarted.length > 0)
    throw new ScenarioError(
      'no-factory-disk',
      await misfitLines(
        scenario,
        unstarted.map((release) => ({
          part: { release },
          message: `image ${image} cannot start with release ${release}: it has no factory disk of it or of one before it`,
        })),
      ),
    );
  const agent = agentFor(scenario.agent);
  const given =
    installedBy(scenario).length > 0 ? named : [...new Set(paths.flatMap((path) => path.slice(1)))];
  const lack = await describedLack(image, described, { machine, agent, releases: given });
  if (lack !== undefined) {
    const misfit: Misfit = { part: 'agent', message: lack.message };
    throw new ScenarioError(lack.code, await misfitLines(scenario, [misfit]), {
      hint: await imagesFor(agent, machine),
    });
  }
  if (agent.source.kind === 'bundle')
    await described.assertBundles(machine, { releases: given, format: agent.source.format });
  const untold = named.filter((release) => described.offerOn(machine, release)?.isTold === false);
  if (untold.length === 0 || agent.identity !== undefined || scenario.expect.release === undefined) return;
  throw new ScenarioError(
    'release-unknowable',
    await misfitLines(
      scenario,
      untold.map((release) => ({
        part: { release },
        message: `image ${image} does not say what a device with ${release} holds`,
      })),
    ),
    { hint: unknowableHint },
  );
}

/** Which of the images that come with this program are made for an agent; on another machine, where it is so. */
async function imagesFor(agent: ChosenAgent, machine: MachineName): Promise<string> {
  const fitting: string[] = [];
  for (const name of await imageNames()) {
    const described = await describedImage(ownImages, name);
    const on: MachineName[] = [];
    for (const one of described.machines) {
      const asked = { machine: one, agent, releases: described.releasesOn(one) };
      if ((await describedLack(name, described, asked)) === undefined) on.push(one);
    }
    if (on.length > 0) fitting.push(on.includes(machine) ? name : `${name} (${on.join(', ')})`);
  }
  return fitting.length === 0
    ? 'no image that comes with brownout is made so'
    : `made for ${agent.name}: ${fitting.join(', ')}`;
}
