import { basename, dirname, join, relative } from 'node:path';
import { DeviceFailure } from '../core/errors.ts';
import { makeFolders } from '../core/make-folders.ts';
import { cacheRoot } from '../core/paths.ts';
import { commandLine } from '../core/quote.ts';
import { bootOnce, type Seen } from '../golden/boot-once.ts';
import { type Imported, importImage } from '../golden/import-image.ts';
import type { GivenFeed } from '../golden/written-yaml.ts';
import { assertHost } from '../host/check.ts';
import { buildImage } from '../image/build.ts';
import { oneLine } from '../report/text.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp, exitCodes } from './exit-code.ts';
import { asTyped } from './typed-command.ts';
import { releaseAndFolder, releaseOption } from './values.ts';

const command = (image: Parent) =>
  image
    .command('import')
    .summary('make an image of a disk that you made by hand or with another tool')
    .description(
      'Takes a raw or qcow2 disk image, packed or not, or a folder with one, as dd, debos, mmdebstrap, Buildroot, Isar ' +
        'or edi leave it; finds its partitions, file systems, system, kernel or boot loader, ssh server and packages without ' +
        'running anything of it; and writes a new folder with an image.yaml, a copy of the disk and a scenario. Where ' +
        'you give no key and no password, a new key is put into the copy. Then the image is booted once. Everything is ' +
        'written, or nothing, and never over something.',
    )
    .argument('<disk>', 'the disk image, or a folder with one')
    .option('--to <folder>', "new folder (default: the disk's name)")
    .option(
      '--name <release>',
      'what devices leave the factory with (default: VERSION_ID of its os-release)',
      releaseOption('--name'),
    )
    .option('--ssh-user <name>', 'who brownout logs in as, with --ssh-key or --ssh-password', 'root')
    .option('--ssh-key <file>', 'private key that the image lets in, used where it lies')
    .option('--ssh-password <text>', 'password that the image lets in')
    .option(
      '--feed <release=folder>',
      'package feed that makes this release of the one before; once for each',
      (text: string, before: GivenFeed[]): GivenFeed[] => [...before, releaseAndFolder(text)],
      [],
    )
    .option('--kernel <file>', 'kernel that QEMU loads, in place of what the disk starts with')
    .option('--initrd <file>', 'its initial RAM disk')
    .option('--firmware <file>', "UEFI or U-Boot, in place of this host's")
    .option('--no-boot', 'do not boot it')
    .option('--json', 'print what was found and written as JSON')
    .addHelpText(
      'after',
      `${examples(
        'brownout image import golden.img',
        'brownout image import output/images --to gateway --name 4.1',
        'brownout image import golden.img --feed 12.1=updates --feed 12.2=later',
        'brownout image import rootfs.ext4 --kernel bzImage --ssh-key ~/.ssh/lab --no-boot',
      )}\n\n${exitCodeHelp}`,
    );

type Options = OptionsOf<typeof command>;

/** `brownout image import` */
export const addImageImport: AddCommand = (image, surroundings, finish) => {
  command(image).action(async (disk, options) => finish(await importDisk(disk, options, surroundings)));
};

async function importDisk(
  disk: string,
  { name, boot, json, feed: feeds, ...options }: Options,
  { streams, interruption }: Surroundings,
): Promise<number> {
  const { signal } = interruption;
  await assertHost({ purposes: ['import'] }, streams.environment);
  const imported = await importImage({ disk, release: name, feeds, ...options }, signal);
  if (json !== true) streams.stdout.write(importedText(imported));
  const console = join(imported.folder, 'first-boot');
  let seen: Seen | undefined;
  if (boot) {
    await assertHost({ purposes: ['run'], machines: [imported.machine] }, streams.environment);
    await makeFolders(console);
    const manifest = await buildImage({
      name: basename(imported.folder),
      imagesRoot: dirname(imported.folder),
      machine: imported.machine,
      cache: cacheRoot(streams.environment),
      signal,
    });
    const onNotice = (message: string) => streams.stderr.write(`${oneLine(message, 500)}\n`);
    try {
      seen = await bootOnce(manifest, imported.release, { folder: console, signal, onNotice });
    } catch (error) {
      if (!(error instanceof DeviceFailure)) throw error;
      streams.stderr.write(`${notUp(imported, error)}\n`);
      return exitCodes.device;
    }
  }
  if (json === true) streams.stdout.write(`${JSON.stringify({ ...imported, seen }, null, 2)}\n`);
  else if (seen !== undefined) streams.stdout.write(seenText(seen));
  if (json !== true)
    streams.stdout.write(
      asTyped(
        `next: ${commandLine(['brownout', 'run', `${place(imported)}/scenario.yaml`, '--power-cuts', 'none'])}\n`,
        streams.environment,
      ),
    );
  for (const one of imported.unknown) streams.stderr.write(`warning: ${oneLine(one, 1000)}\n`);
  return exitCodes.passed;
}

/** With a slash, by which commands tell folders from names. */
function place({ folder }: Imported): string {
  const path = relative(process.cwd(), folder);
  return path.startsWith('..') ? folder : `./${path}`;
}

function importedText(imported: Imported): string {
  const { system, machine, release, volumes, boot, login, packages } = imported;
  const rows = [
    ...volumes.map((one) => ['disk', one]),
    ['starts by', boot],
    ['packages', packages],
    ['login', login],
  ];
  return [
    `${oneLine(system)} for ${machine}, release ${release}, in ${place(imported)}:`,
    ...rows.map(([what = '', text = '']) => `  ${what.padEnd(9)}  ${oneLine(text, 500)}`),
    '',
  ].join('\n');
}

function seenText({ seconds, cpuSeconds, kernel, root, services }: Seen): string {
  const rows = [
    ['booted', `login after ${seconds.toFixed(0)} s, ${cpuSeconds.toFixed(0)} CPU s`],
    ['kernel', kernel],
    ['root', root],
    ['failed', services === '' ? 'no unit' : services],
  ];
  return rows.map(([what = '', text = '']) => `  ${what.padEnd(9)}  ${oneLine(text, 500)}\n`).join('');
}

function notUp(imported: Imported, { message }: DeviceFailure): string {
  return [
    `it was imported, but did not come up to a login: ${oneLine(message, 1000)}`,
    `look at its console with: ${commandLine(['brownout', 'shell', place(imported)])}; correct ${place(imported)}/image.yaml, and see again`,
    ...imported.unknown.map((one) => `warning: ${oneLine(one, 1000)}`),
  ].join('\n');
}
