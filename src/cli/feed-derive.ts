import { deriveFeed } from '../derive/derive-feed.ts';
import type { Plan } from '../derive/release.ts';
import { oneLine } from '../report/text.ts';
import { type AddCommand, examples, type Parent } from './command.ts';
import { exitCodes } from './exit-code.ts';

const command = (feed: Parent) =>
  feed
    .command('derive')
    .summary('make the next release of a package feed from this one, as a recipe says')
    .description(
      'Reads the ipks, debs or rpms of a folder and a recipe (YAML) that says what the next release has other: versions, ' +
        'files, conffiles, maintainer scripts, packages added, removed, renamed or split. Writes the next release with ' +
        "its indexes to a new folder, in Yocto's layout where the old one has it. Nothing of the packages is run. " +
        'Packages that do not change are hard links. Exact dependencies move along. Same packages and recipe, same ' +
        'bytes; all of it or nothing is written. The manual of recipes: images/README.md.',
    )
    .argument('<from>', 'folder of the release that is there')
    .argument('<to>', 'folder of the next release; must not exist, or be empty')
    .requiredOption('--recipe <file>', 'what the next release has other')
    .addHelpText(
      'after',
      `\nA recipe:\n${sample}\n${examples('brownout feed derive --recipe 4.0.2.yaml tmp/deploy/ipk releases/4.0.2')}`,
    );

/** `brownout feed derive` */
export const addFeedDerive: AddCommand = (feed, { streams, interruption: { signal } }, finish) => {
  command(feed).action(async (from, to, { recipe }) => {
    const plan = await deriveFeed({ recipe, from, to }, signal);
    streams.stdout.write(deriveText(plan, to));
    for (const warning of plan.warnings) streams.stderr.write(`warning: ${oneLine(warning)}\n`);
    finish(exitCodes.passed);
  });
};

const sample = [
  'from: ipk',
  'revision: { all: ".1" }          # every package: 1.35.0-r0 becomes 1.35.0-r0.1',
  'packages:',
  '  avahi-daemon:',
  '    files:',
  '      /etc/avahi/avahi-daemon.conf: { append: "# a new default\\n" }',
  '    scripts: { postinst: { break: "exit 1" } }',
  '  curl: removed',
]
  .map((line) => `  ${line}`)
  .join('\n');

/** A line for each package that changes: name, versions, and what else is new. */
function deriveText({ changes, unchanged }: Plan, to: string): string {
  const rows = changes.map(({ name, oldVersion, newVersion, what }) => ({
    name: oneLine(name),
    versions: oneLine(
      oldVersion === newVersion ? oldVersion : `${oldVersion || '-'} -> ${newVersion || '-'}`,
    ),
    what: oneLine(what.join('; '), 2000),
  }));
  const names = Math.max(...rows.map(({ name }) => name.length));
  const versions = Math.max(...rows.map((row) => row.versions.length));
  const lines = rows.map((row) =>
    `${row.name.padEnd(names)}  ${row.versions.padEnd(versions)}  ${row.what}`.trimEnd(),
  );
  return [...lines, `${to}: ${changes.length} changed, ${unchanged} as before`, ''].join('\n');
}
