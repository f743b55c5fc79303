import { basename, join } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { ScenarioError } from '../core/errors.ts';
import { type FeedTree, findFeeds } from '../feed/find-feeds.ts';
import {
  indexFeed,
  type MadeIndex,
  type ReleaseOptions,
  type WrittenIndex,
  writeIndexes,
} from '../feed/index-feed.ts';
import { readPackages } from '../feed/indexed-package.ts';
import { type Build, sameVersions, sameVersionText } from '../feed/same-version.ts';
import { openSigner } from '../feed/sign-release.ts';
import { type PackageFormat, packageFormats } from '../package/package-format.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { LeftOut } from './left-out.ts';
import { pointInTime, suiteName } from './values.ts';

/** Options that only the Release file of debs takes. */
const releaseOptions = {
  suite: '--suite',
  date: '--date',
  validUntil: '--valid-until',
  sign: '--sign',
} as const;

const command = (feed: Parent) =>
  feed
    .command('index')
    .summary('write the index of a folder of packages: Packages, for debs also Release, or repodata for rpms')
    .description(
      'Reads every package below a folder and writes Packages and Packages.gz into it, for ipks as opkg-make-index ' +
        'of opkg-utils does, for debs as dpkg-scanpackages --multiversion does; for rpms repodata/ with primary, ' +
        'filelists and other, as createrepo_c does. Same packages, same bytes. Nothing is written before every ' +
        'package has been read. One that is damaged is left out and named, and the exit code is 2.\n\n' +
        'For debs a Release file goes with them, so that apt takes the folder for a flat repository ("deb URI ./"); ' +
        'with --sign also InRelease, signed with an OpenPGP key. They are the same bytes again with the same --date.\n\n' +
        "In Yocto's layout (deploy/ipk or deploy/deb with a folder per architecture) each folder gets its own index, " +
        'and an empty Packages stands above them. Of deploy/rpm there is one index above all folders, as OE makes it, ' +
        'unless sub-folders have repodata of their own. Folders called "morgue" and hidden ones are left out. Packages ' +
        'that are compressed with xz, zstd, bzip2 or lz4 need these programs on the host.\n\n' +
        'With --compare the packages are compared with those of the release before. A package manager goes by versions: ' +
        'each package that has the same version and other content is named (same-version-other-content) with what is ' +
        'other, and the exit code is 2. Times of files do not count. The index is written all the same.',
    )
    .argument('<folder>', 'folder that holds the packages')
    .addOption(
      new Option('--format <format>', 'kind of packages').choices(packageFormats).makeOptionMandatory(),
    )
    .option('--stdout', 'print the index of one feed (of rpms primary.xml) instead of writing files')
    .option(
      '--compare <folder>',
      'the release before: name what it has in the same version with other content, which no device would get',
    )
    .option('--sign <key>', 'debs: sign with the OpenPGP private key in this file; it has no passphrase')
    .option('--suite <name>', 'debs: Suite and Codename of the Release file (default: stable)', suiteName)
    .option('--date <time>', 'debs: when the index was made (default: now)', pointInTime('--date'))
    .option(
      '--valid-until <time>',
      'debs: from when on devices refuse the index (default: never)',
      pointInTime('--valid-until'),
    )
    .addHelpText(
      'after',
      examples(
        'brownout feed index --format ipk tmp/deploy/ipk',
        'brownout feed index --format rpm tmp/deploy/rpm',
        'brownout feed index --format ipk --compare releases/4.0.1 tmp/deploy/ipk',
        'brownout feed index --format deb --stdout my-debs > Packages',
        'brownout feed index --format deb --sign images/keys/feed.key.asc --suite stable --date 2026-01-01 my-debs',
      ),
    );

type Options = OptionsOf<typeof command>;

/** `brownout feed index` */
export const addFeedIndex: AddCommand = (feed, surroundings, finish) => {
  command(feed).action(async (folder, options) => finish(await index(folder, options, surroundings)));
};

async function index(
  folder: string,
  options: Options,
  { streams, interruption: { signal } }: Surroundings,
): Promise<number> {
  const { format, stdout } = options;
  const release = await releaseOf(options);
  const tree = await findFeeds(folder, format);
  const leftOut = new LeftOut(streams.stderr);
  if (options.compare !== undefined) await compare(options.compare, { format, tree }, leftOut, signal);
  if (tree.sources > 0)
    leftOut.warn(
      `${tree.sources} source ${tree.sources === 1 ? 'rpm is' : 'rpms are'} not in the index: they install nothing`,
    );
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
    const index = await indexFeed(first, format, signal);
    streams.stdout.write(index.text);
    note(index, leftOut);
    return leftOut.exitCode();
  }
  for (const written of await writeIndexes(folder, tree, format, { release, leaveOut: true, signal })) {
    const count = `${written.packages} ${written.packages === 1 ? 'package' : 'packages'}`;
    const by = release?.signer === undefined ? '' : ` signed with ${release.signer.fingerprint}`;
    const forApt = written.forApt.length === 0 ? '' : `, with ${written.forApt.join(' and ')}${by}`;
    streams.stdout.write(`${written.file}: ${count}${forApt}\n`);
    note(written, leftOut);
    for (const warning of warnings(written)) streams.stderr.write(`warning: ${warning}\n`);
  }
  return leftOut.exitCode();
}

/** Names the packages that devices with the release before would never get. */
async function compare(
  earlier: string,
  { format, tree }: { format: PackageFormat; tree: FeedTree },
  leftOut: LeftOut,
  signal: AbortSignal,
): Promise<void> {
  const before = await buildsOf(await findFeeds(earlier, format), signal);
  for (const found of await sameVersions(before, await buildsOf(tree, signal), signal))
    leftOut.wrong(
      `same-version-other-content: ${sameVersionText(found)} is not as in ${earlier}, and devices that have it from there do not get it`,
    );
}

/** The packages that can be read; what is wrong with others is told where the index is made. */
async function buildsOf({ feeds }: FeedTree, signal: AbortSignal): Promise<Build[]> {
  const builds: Build[] = [];
  for (const { folder, paths } of feeds)
    for (const { about, path, sha256 } of (await readPackages(folder, paths, signal)).packages) {
      const { name, version, architecture } = about;
      builds.push({ name, version, architecture, path: join(folder, path), sha256 });
    }
  return builds;
}

function note({ damaged, passedOver }: MadeIndex, leftOut: LeftOut): void {
  for (const { message } of damaged) leftOut.add(message);
  for (const what of passedOver) leftOut.warn(`${what}; opkg passes over it`);
}

/** What the Release file is to say; undefined where there will be none. Throws ScenarioError `option-invalid`. */
async function releaseOf(options: Options): Promise<ReleaseOptions | undefined> {
  const { format, stdout, suite = 'stable', date = new Date(), validUntil, sign } = options;
  if (format !== 'deb' || stdout === true) {
    const given = Object.entries(releaseOptions).find(([name]) => name in options)?.[1];
    if (given === undefined) return undefined;
    const why = stdout === true ? 'which --stdout does not write' : 'which only debs have';
    throw new ScenarioError('option-invalid', `${given} is for the Release file, ${why}`);
  }
  if (validUntil !== undefined && validUntil <= date)
    throw new ScenarioError('option-invalid', '--valid-until: expected a time after --date', {
      hint: 'every device would refuse an index that has expired when it is made',
    });
  const signer = sign === undefined ? undefined : await openSigner(sign);
  return { suite, date, validUntil, signer };
}

function warnings({ file, leftOut, stale }: WrittenIndex): string[] {
  return [
    ...leftOut.map(({ path, instead }) => `${path} is not in ${file}: ${instead} has the newer version`),
    ...stale.map(
      (name) => `${name} beside ${file} was made for the index before; make it again or take it away`,
    ),
  ];
}
