import { type AddCommand, examples } from './command.ts';
import { addImageBuild } from './image-build.ts';
import { addImageImport } from './image-import.ts';
import { addImageList } from './image-list.ts';
import { addImageLock } from './image-lock.ts';
import { addImageVerify } from './image-verify.ts';

/** `brownout image …` */
export const addImage: AddCommand = (program, surroundings, finish) => {
  const image = program
    .command('image')
    .summary('build, import, list, verify and lock the images that scenarios boot')
    .addHelpText('after', examples('brownout image list', 'brownout image build rauc-ab'));
  for (const add of [addImageBuild, addImageImport, addImageList, addImageVerify, addImageLock])
    add(image, surroundings, finish);
};
