import { type AddCommand, examples } from './command.ts';
import { addFeedDerive } from './feed-derive.ts';
import { addFeedIndex } from './feed-index.ts';
import { addFeedServe } from './feed-serve.ts';

/** `brownout feed …` */
export const addFeed: AddCommand = (program, surroundings, finish) => {
  const feed = program
    .command('feed')
    .summary('index, derive and serve package feeds: folders of ipk, deb or rpm files')
    .addHelpText('after', examples('brownout feed index --format ipk tmp/deploy/ipk'));
  for (const add of [addFeedIndex, addFeedDerive, addFeedServe]) add(feed, surroundings, finish);
};
