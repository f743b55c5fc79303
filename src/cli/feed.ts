import type { AddCommand } from './command.ts';
import { addFeedIndex } from './feed-index.ts';
import { addFeedServe } from './feed-serve.ts';

/** `brownout feed …` */
export const addFeed: AddCommand = (program, surroundings, finish) => {
  const feed = program.command('feed').summary('index and serve package feeds: folders of ipk or deb files');
  for (const add of [addFeedIndex, addFeedServe]) add(feed, surroundings, finish);
};
