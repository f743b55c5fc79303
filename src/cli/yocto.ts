import { type AddCommand, examples } from './command.ts';
import { addYoctoList } from './yocto-list.ts';

/** `brownout yocto …` */
export const addYocto: AddCommand = (program, surroundings, finish) => {
  const yocto = program
    .command('yocto')
    .summary('show what a Yocto build left, and how it would be booted')
    .addHelpText('after', examples('brownout yocto list build/tmp/deploy'));
  addYoctoList(yocto, surroundings, finish);
};
