import { type MachineName, machineNames } from '../model/machine.ts';
import { type ImageDescription, readDescription } from './description.ts';

/** What an image's description says of it, before anything is built. */
export interface DescribedImage {
  machines: MachineName[];
  /** Names of all releases of the image on a machine. */
  releasesOn: (machine: MachineName) => string[];
}

/** Reads `<imagesRoot>/<name>/image.yaml`. Throws ScenarioError with file:line:column. */
export async function describedImage(imagesRoot: string, name: string): Promise<DescribedImage> {
  const description = await readDescription(imagesRoot, name);
  const machines = 'prebuilt' in description ? description.prebuilt : description.machines;
  return {
    machines: machineNames.filter((machine) => machines[machine] !== undefined),
    releasesOn: (machine) =>
      'prebuilt' in description
        ? Object.keys(description.prebuilt[machine]?.releases ?? {})
        : builtReleases(description),
  };
}

/** Those that are built: good ones, broken ones, and those in which one application is another. */
function builtReleases(description: Exclude<ImageDescription, { prebuilt: unknown }>): string[] {
  const broken = 'broken' in description ? description.broken : [];
  const applications = 'applications' in description ? description.applications.releases : [];
  return [...description.releases, ...broken, ...applications].map(({ version }) => version);
}
