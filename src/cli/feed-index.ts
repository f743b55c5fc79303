import { basename } from 'node:path';
import { Option } from 'commander';
import { ScenarioError } from '../core/errors.ts';
import { findFeeds } from '../feed/find-feeds.ts';
import { indexFeed, type WrittenIndex, writeIndexes } from '../feed/index-feed.ts';
import { type PackageFormat, packageFormats } from '../package/package-file.ts';
import { type AddCommand, act, examples, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';

interface Options {
  format: PackageFormat;
  stdout?: true;
}

/** `brownout feed index` */
export const addFeedIndex: AddCommand = (feed, surroundings, finish) => {
  const command = feed
    .command('index')
    .summary('write the index (Packages and Packages.gz) of a folder of packages')
    .description(
      'Reads every package below a folder and writes Packages and Packages.gz into it, for ipks as opkg-make-index ' +
        'of opkg-utils does, for debs as dpkg-scanpackages --multiversion does. Same packages, same bytes. Nothing ' +
        'is written before every package has been read.\n\n' +
        "In Yocto's layout (deploy/ipk or deploy/deb with a folder per architecture) each folder gets its own index, " +
        'and an empty Packages stands above them. Folders called "morgue" and hidden ones are left out. Packages ' +
        'that are compressed with xz, zstd, bzip2 or lz4 need these programs on the host.',
    )
    .argument('<folder>', 'folder that holds the packages')
    .addOption(
      new Option('--format <format>', 'kind of packages').choices(packageFormats).makeOptionMandatory(),
    )
    .option('--stdout', 'print the index of one feed instead of writing files')
    .addHelpText(
      'after',
      examples(
        'brownout feed index --format ipk tmp/deploy/ipk',
        'brownout feed index --format deb --stdout my-debs > Packages',
      ),
    );
  act<Options>(command, finish, (options, [folder = '']) => index(folder, options, surroundings));
};

async function index(
  folder: string,
  { format, stdout }: Options,
  { streams, interruption: { signal } }: Surroundings,
): Promise<number> {
  const tree = await findFeeds(folder, format);
  if (stdout === true) {
    const [first, ...more] = tree.feeds;
    if (first === undefined || more.length > 0) {
      const names = tree.feeds.map((feed) => basename(feed.folder)).join(', ');
      throw new ScenarioError(
        'feed-several',
        `${folder}: --stdout prints one index, and there are ${tree.feeds.length} feeds: ${names}`,
        { hint: `name one of them, such as ${first?.folder ?? folder}` },
      );
    }
    streams.stdout.write((await indexFeed(first, format, signal)).text);
    return exitCodes.passed;
  }
  for (const written of await writeIndexes(folder, tree, format, signal)) {
    streams.stdout.write(
      `${written.file}: ${written.packages} ${written.packages === 1 ? 'package' : 'packages'}\n`,
    );
    for (const warning of warnings(written)) streams.stderr.write(`warning: ${warning}\n`);
  }
  return exitCodes.passed;
}

function warnings({ file, leftOut, stale }: WrittenIndex): string[] {
  return [
    ...leftOut.map(({ path, instead }) => `${path} is not in ${file}: ${instead} has the newer version`),
    ...stale.map(
      (name) => `${name} beside ${file} was made for the index before; make it again or take it away`,
    ),
  ];
}
