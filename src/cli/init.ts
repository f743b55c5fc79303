import { relative } from 'node:path';
import { oneLine } from '../report/text.ts';
import { type Initialised, initImage } from '../yocto/init-image.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { fingerprint } from './values.ts';

const command = (program: Parent) =>
  program
    .command('init')
    .summary('describe an image that a Yocto build left, and a scenario that boots it')
    .description(
      'Reads the deploy folder of a Yocto build and writes a new folder with an image.yaml, a scenario.yaml and ' +
        'copies of what is booted, unpacked where it is compressed. `brownout run` then boots the image as `runqemu ' +
        'slirp nographic` would, with its own disk in place of the file; the image.yaml lists what is different and ' +
        'why. All of it or nothing is written, and never over something. The scenario comes with an update of its ' +
        'own, update.sh, for yours to take its place.',
    )
    .requiredOption('--yocto <folder>', 'DEPLOY_DIR (tmp/deploy), or the folder of one machine in it')
    .option('--image <name>', 'which image, where there are several: core-image-minimal')
    .option('--machine <name>', 'of which machine, where there are several')
    .option('--fstype <type>', 'ext4 or wic (default: what QB_DEFAULT_FSTYPE names)')
    .option('--to <folder>', 'new folder (default: brownout-IMAGE)')
    .option('--name <text>', 'what the scenario is called in reports')
    .option('--ssh-user <name>', 'who brownout logs in as', 'root')
    .option(
      '--ssh-key <file>',
      'private key that the image lets in, used where it lies (default: the empty password of a development image)',
    )
    .option(
      '--ssh-host-key <sha256>',
      'the only host key that is accepted, as ssh-keygen -lf prints it (default: the first that a device shows)',
      fingerprint,
    )
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      examples(
        'brownout init --yocto build/tmp/deploy --image core-image-minimal --machine qemuarm64',
        'brownout init --yocto build/tmp/deploy/images/qemux86-64 --fstype wic --ssh-key ~/.ssh/lab',
      ),
    );

type Options = OptionsOf<typeof command>;

/** `brownout init` */
export const addInit: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (options) => finish(await init(options, surroundings)));
};

async function init(options: Options, { streams, interruption }: Surroundings): Promise<number> {
  const { yocto, image, machine, fstype, to, name, sshUser, sshKey, sshHostKey, json } = options;
  const ssh = { user: sshUser, key: sshKey, hostKeySha256: sshHostKey };
  const written = await initImage(
    { deployFolder: yocto, image, machine, fstype, to, name, ssh },
    interruption.signal,
  );
  if (json === true) streams.stdout.write(`${JSON.stringify(written, null, 2)}\n`);
  else streams.stdout.write(initText(written));
  for (const warning of written.warnings) streams.stderr.write(`warning: ${oneLine(warning, 500)}\n`);
  return exitCodes.passed;
}

const meaning: Readonly<Record<string, string>> = {
  'image.yaml': 'the machine as runqemu starts it, and what is different',
  'scenario.yaml': 'what is shown: begin here',
  'update.sh': 'the update, for yours to take its place',
  'packages.manifest': 'the packages in the image',
};

function initText({ folder, image, machine, release, files }: Initialised): string {
  const place = relative(process.cwd(), folder) || folder;
  const width = Math.max(...files.map(({ name }) => name.length));
  const rows = files.map(
    ({ name, bytes }) => `  ${name.padEnd(width)}  ${meaning[name] ?? `${(bytes / 2 ** 20).toFixed(1)} MiB`}`,
  );
  const start = `next: brownout run ${place}/scenario.yaml --power-cuts none`;
  return [`${oneLine(image)} ${release} for ${machine}, in ${place}:`, ...rows, start, ''].join('\n');
}
