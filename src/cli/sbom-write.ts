import { Option } from '@commander-js/extra-typings';
import { HarnessError, messageOf } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files.ts';
import { commandLine } from '../core/quote.ts';
import { version } from '../core/version.ts';
import { packageSystems } from '../model/software.ts';
import { oneLine } from '../report/text.ts';
import { installedQueries } from '../sbom/installed.ts';
import { readImageSbom } from '../sbom/read-image-sbom.ts';
import { readInstalledFile } from '../sbom/read-installed-file.ts';
import { spdx23 } from '../sbom/spdx23.ts';
import { spdx301 } from '../sbom/spdx301.ts';
import { describeSystem, type SystemSbom } from '../sbom/system-sbom.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { complaints, LeftOut } from './left-out.ts';
import { utcTime, vendorId } from './values.ts';

const versions = ['2.3', '3.0.1'] as const;
const writers = { '2.3': spdx23, '3.0.1': spdx301 } satisfies Record<(typeof versions)[number], unknown>;

const command = (sbom: Parent) =>
  sbom
    .command('write', { isDefault: true })
    .summary('write an SPDX document of a system from its record of installed packages (the default)')
    .description(
      'Writes an SPDX document of what is installed on a system, such as one that was upgraded by packages since its ' +
        "image was built. It is built on the image's own SPDX where there is one: of packages that are still the image's " +
        'everything stays, the others are described anew, and the document says that it amends that of the image. ' +
        'Licences come from the feed; names that the SPDX list does not have become LicenseRef-.... Same input, same ' +
        `bytes.\n\nWhat --status takes is what this prints on the device:\n${queries()}`,
    )
    .requiredOption('--status <file>', 'record of the installed packages')
    .addOption(
      new Option('--format <system>', 'whose record it is').choices(packageSystems).makeOptionMandatory(),
    )
    .option(
      '--feed <folder>',
      'package feed with indexes, for licences, sources and checksums of ipks and debs',
    )
    .option(
      '--image-spdx <file>',
      "the image's own SPDX: .spdx.json (2.2, 2.3, 3.0), also .zst or .gz, or Yocto's .spdx.tar.zst",
    )
    .option(
      '--before <file>',
      'record of the installed packages when the system was as the image: says what stayed',
    )
    .addOption(new Option('--spdx <version>', 'version of SPDX to write').choices(versions).default('2.3'))
    .option('--out <file>', 'file to write; default: standard output')
    .option('--created <time>', 'time in the document; default: SOURCE_DATE_EPOCH, or now', utcTime)
    .option('--name <name>', "name of the system; default: the image's")
    .option(
      '--vendor <id>',
      "the distribution's ID in os-release, for package URLs of debs and rpms",
      vendorId,
    )
    .addHelpText(
      'after',
      examples(
        'ssh root@device cat /var/lib/opkg/status > status',
        'brownout sbom write --status status --format opkg --feed tmp/deploy/ipk --image-spdx core-image.spdx.tar.zst --out system.spdx.json',
      ),
    );

type Options = OptionsOf<typeof command>;

/** `brownout sbom write`, or without its name */
export const addSbomWrite: AddCommand = (sbom, surroundings, finish) => {
  command(sbom).action(async (options) => finish(await write(options, surroundings)));
};

async function write(options: Options, { streams, interruption: { signal } }: Surroundings): Promise<number> {
  const { format, status, feed, before, imageSpdx, spdx, out, name, vendor } = options;
  const leftOut = new LeftOut(streams.stderr);
  const complain = complaints(leftOut);
  const [installed, earlier] = await Promise.all([
    readInstalledFile({ system: format, path: status, feed, complain, signal }),
    before === undefined
      ? undefined
      : readInstalledFile({ system: format, path: before, feed, complain, signal }),
  ]);
  const image = imageSpdx === undefined ? undefined : await readImageSbom(imageSpdx, signal);
  const sbom = describeSystem({
    system: format,
    installed,
    ...(earlier === undefined ? {} : { before: earlier }),
    ...(image === undefined ? {} : { image }),
    ...(name === undefined ? {} : { name }),
    ...(vendor === undefined ? {} : { vendor }),
  });
  const created = options.created ?? timeNow(streams.environment);
  const document = writers[spdx](sbom, { created, tool: `brownout-${version()}` });
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (out === undefined) streams.stdout.write(text);
  else {
    await writeFileAtomically(out, text).catch((cause: unknown) => {
      throw new HarnessError('sbom-unwritable', `${out} cannot be written: ${messageOf(cause)}`, { cause });
    });
    streams.stdout.write(`${out}: SPDX ${spdx}, ${counted(sbom)}\n`);
  }
  for (const warning of warnings(sbom)) streams.stderr.write(`warning: ${oneLine(warning)}\n`);
  return leftOut.exitCode();
}

function timeNow({ SOURCE_DATE_EPOCH: epoch = '' }: NodeJS.ProcessEnv): string {
  const time = /^\d{1,11}$/.test(epoch) ? new Date(Number(epoch) * 1000) : new Date();
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

function queries(): string {
  return packageSystems
    .map((system) => `  ${system.padEnd(4)}  ${commandLine(installedQueries[system])}`)
    .join('\n');
}

function counted({ packages, image }: SystemSbom): string {
  const total = `${packages.length} ${packages.length === 1 ? 'package' : 'packages'}`;
  if (image === undefined) return total;
  const count = (relation: string) =>
    packages.filter((one) => (one.image?.relation ?? 'new') === relation).length;
  return (
    `${total}: ${count('same')} as in the image, ${count('same-upstream')} of the same upstream version, ` +
    `${count('other')} of another, ${count('new')} that the image had not`
  );
}

function warnings({ packages, lostVex }: SystemSbom): string[] {
  const silent = packages.filter(
    ({ declared, concluded }) => declared === undefined && concluded === undefined,
  );
  const unfinished = packages.filter(({ installed }) => installed.state !== 'installed');
  const names = new Set(packages.flatMap(({ declared }) => declared?.texts.map((text) => text.name) ?? []));
  return [
    ...(silent.length === 0
      ? []
      : [`no licence is known of ${silent.length} of ${packages.length} packages`]),
    ...(lostVex === 0
      ? []
      : [
          `left out: ${lostVex} VEX ${lostVex === 1 ? 'statement' : 'statements'} of the image's document about packages or versions that are not installed`,
        ]),
    ...(names.size === 0 ? [] : [`not on the SPDX licence list: ${[...names].sort().join(', ')}`]),
    ...unfinished.map(({ installed: { name, state } }) => `${name} is not wholly installed: ${state}`),
  ];
}
