import { addCacheList } from './cache-list.ts';
import { addCachePrune } from './cache-prune.ts';
import { addCacheVerify } from './cache-verify.ts';
import { type AddCommand, examples } from './command.ts';

/** `brownout cache …` */
export const addCache: AddCommand = (program, surroundings, finish) => {
  const cache = program
    .command('cache')
    .summary('see, check and cut down what is kept from run to run')
    .addHelpText('after', examples('brownout cache list', 'brownout cache prune --older-than 30d'));
  for (const add of [addCacheList, addCachePrune, addCacheVerify]) add(cache, surroundings, finish);
};
