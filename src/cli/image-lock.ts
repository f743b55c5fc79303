import { assertHost } from '../host/check.ts';
import { lockImage } from '../image/build.ts';
import { type AddCommand, examples, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { chosenImages } from './image-names.ts';

const command = (image: Parent) =>
  image
    .command('lock')
    .summary("write an image's lock file anew, with the package versions that the mirror has now")
    .argument('<name>', 'folder below images/')
    .addHelpText('after', examples('brownout image lock rauc-ab'));

/** `brownout image lock` */
export const addImageLock: AddCommand = (image, surroundings, finish) => {
  command(image).action(async (name) => finish(await lock(name, surroundings)));
};

async function lock(operand: string, { streams, interruption }: Surroundings): Promise<number> {
  const [name = ''] = await chosenImages([operand], false);
  await assertHost({ purposes: ['image'] }, streams.environment);
  const onNotice = (text: string) => streams.stdout.write(`${text}\n`);
  const { sets } = await lockImage({ name, signal: interruption.signal, onNotice });
  const count = Object.values(sets).reduce((sum, set) => sum + set.packages.length, 0);
  streams.stdout.write(`${name}: ${count} packages in ${Object.keys(sets).length} sets are locked\n`);
  return exitCodes.passed;
}
