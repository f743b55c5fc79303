import { openCache } from '../core/cache-folder.ts';
import { listImages, loadManifest, verifyImage } from '../image/manifest.ts';
import { type AddCommand, examples, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { chosenImages } from './image-names.ts';

const command = (image: Parent) =>
  image
    .command('verify')
    .summary('read every file of built images again and compare it with its digest')
    .argument('[image...]', 'folders below images/ (default: all)')
    .addHelpText('after', examples('brownout image verify rauc-ab'));

/** `brownout image verify` */
export const addImageVerify: AddCommand = (image, surroundings, finish) => {
  command(image).action(async (names) => finish(await verify(names, surroundings)));
};

async function verify(operands: readonly string[], { streams, interruption }: Surroundings): Promise<number> {
  const names = await chosenImages(operands, true);
  const built = (await listImages(await openCache(streams.environment))).filter(({ name }) =>
    names.includes(name),
  );
  for (const { name, machine, folder } of built) {
    interruption.signal.throwIfAborted();
    await verifyImage(await loadManifest(folder));
    streams.stdout.write(`${name}  ${machine}  whole: ${folder}\n`);
  }
  if (built.length > 0) return exitCodes.passed;
  streams.stdout.write('nothing was verified: none of these images is built\n');
  return exitCodes.nothing;
}
