import { assertHost } from '../host/check.ts';
import { lockImage } from '../image/build.ts';
import { lockChangeLines, lockChanges } from '../image/packages/lock-changes.ts';
import { type AddCommand, examples, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { imagePlaces } from './image-names.ts';

const command = (image: Parent) =>
  image
    .command('lock')
    .summary("write an image's lock file anew, with the package versions that the mirror has now")
    .argument('<image>', 'its name, a folder below images/, or the path of its folder: ./gateway')
    .addHelpText('after', examples('brownout image lock rauc-ab', 'brownout image lock ./gateway'));

/** `brownout image lock` */
export const addImageLock: AddCommand = (image, surroundings, finish) => {
  command(image).action(async (image) => finish(await lock(image, surroundings)));
};

async function lock(operand: string, { streams, interruption }: Surroundings): Promise<number> {
  await assertHost({ purposes: ['image'] }, streams.environment);
  const onNotice = (text: string) => streams.stdout.write(`${text}\n`);
  for (const place of await imagePlaces([operand], false)) {
    const { lock: now, before } = await lockImage({ ...place, signal: interruption.signal, onNotice });
    const { sets } = now;
    const count = Object.values(sets).reduce((sum, set) => sum + set.packages.length, 0);
    streams.stdout.write(`${place.name}: ${count} packages in ${Object.keys(sets).length} sets are locked\n`);
    if (before === undefined) continue;
    const changes = lockChangeLines(lockChanges(before, now));
    streams.stdout.write(
      changes.length === 0 ? 'nothing has changed\n' : `changed:\n  ${changes.join('\n  ')}\n`,
    );
  }
  return exitCodes.passed;
}
