import { assertHost } from '../host/check.ts';
import { lockImage } from '../image/build.ts';
import { type AddCommand, act, examples, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { chosenImages } from './image-names.ts';

/** `brownout image lock` */
export const addImageLock: AddCommand = (image, surroundings, finish) => {
  const command = image
    .command('lock')
    .summary("write an image's lock file anew, with the package versions that the mirror has now")
    .argument('<name>', 'folder below images/')
    .addHelpText('after', examples('brownout image lock rauc-ab'));
  act(command, finish, (_, operands) => lock(operands, surroundings));
};

async function lock(operands: readonly string[], { streams, interruption }: Surroundings): Promise<number> {
  const [name = ''] = await chosenImages(operands, false);
  await assertHost({ purposes: ['image'] }, streams.environment);
  const onNotice = (text: string) => streams.stdout.write(`${text}\n`);
  const { sets } = await lockImage({ name, signal: interruption.signal, onNotice });
  const count = Object.values(sets).reduce((sum, set) => sum + set.packages.length, 0);
  streams.stdout.write(`${name}: ${count} packages in ${Object.keys(sets).length} sets are locked\n`);
  return exitCodes.passed;
}
