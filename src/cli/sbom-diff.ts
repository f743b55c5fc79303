import { Option } from '@commander-js/extra-typings';
import { packageSystems } from '../model/software.ts';
import { softwareText } from '../report/software-text.ts';
import { comparisons } from '../sbom/compare.ts';
import { diffSoftware } from '../sbom/diff.ts';
import { readInstalledFile } from '../sbom/read-installed-file.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { complaints, LeftOut } from './left-out.ts';

const command = (sbom: Parent) =>
  sbom
    .command('diff')
    .summary('say which packages an upgrade added, removed, upgraded, downgraded or rebuilt')
    .description(
      'Compares two records of installed packages of one system. Versions are compared as the package system does. ' +
        'With the feeds of both, packages are compared by licence and checksum as well: "rebuilt" is the same version ' +
        'with another checksum. "altered" is the same version in another state, architecture or licence.',
    )
    .argument('<before>', 'record of the installed packages before')
    .argument('<after>', 'and after; brownout sbom write --help says how to make them')
    .addOption(
      new Option('--format <system>', 'whose records they are').choices(packageSystems).makeOptionMandatory(),
    )
    .option('--before-feed <folder>', 'package feed of before, with indexes of ipks or debs')
    .option('--after-feed <folder>', 'package feed of after, with indexes of ipks or debs')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples('brownout sbom diff --format opkg status-before status-after'));

type Options = OptionsOf<typeof command>;

/** `brownout sbom diff` */
export const addSbomDiff: AddCommand = (sbom, surroundings, finish) => {
  command(sbom).action(async (before, after, options) =>
    finish(await diff({ before, after }, options, surroundings)),
  );
};

async function diff(
  paths: { before: string; after: string },
  { format, beforeFeed, afterFeed, json }: Options,
  { streams, interruption: { signal } }: Surroundings,
): Promise<number> {
  const leftOut = new LeftOut(streams.stderr);
  const complain = complaints(leftOut);
  const [before, after] = await Promise.all([
    readInstalledFile({ system: format, path: paths.before, feed: beforeFeed, complain, signal }),
    readInstalledFile({ system: format, path: paths.after, feed: afterFeed, complain, signal }),
  ]);
  const found = diffSoftware(before, after, comparisons[format]);
  streams.stdout.write(json === true ? `${JSON.stringify(found, null, 2)}\n` : softwareText(found));
  return leftOut.exitCode();
}
