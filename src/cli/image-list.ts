import { openCache } from '../core/cache-folder.ts';
import { listImages } from '../image/manifest.ts';
import { imageNames } from '../image/own-images.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { imageMachines } from './image-names.ts';

const command = (image: Parent) =>
  image
    .command('list')
    .summary('list the images that can be built, and where built ones are kept')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples('brownout image list'));

type Options = OptionsOf<typeof command>;

/** `brownout image list` */
export const addImageList: AddCommand = (image, surroundings, finish) => {
  command(image).action(async (options) => finish(await list(options, surroundings)));
};

async function list({ json }: Options, { streams }: Surroundings): Promise<number> {
  const built = await listImages(await openCache(streams.environment));
  const images = await Promise.all(
    (await imageNames()).map(async (name) => ({
      name,
      machines: (await imageMachines(name)).map((machine) => ({
        machine,
        folders: built
          .filter((one) => one.name === name && one.machine === machine)
          .map(({ folder }) => folder),
      })),
    })),
  );
  if (json === true) {
    streams.stdout.write(`${JSON.stringify(images, null, 2)}\n`);
    return exitCodes.passed;
  }
  for (const { name, machines } of images)
    for (const { machine, folders } of machines)
      streams.stdout.write(
        `${name}  ${machine}  ${folders.length === 0 ? 'not built' : folders.join('  ')}\n`,
      );
  return exitCodes.passed;
}
