import { Option } from '@commander-js/extra-typings';
import { agents } from '../agents/index.ts';
import { ScenarioError } from '../core/errors.ts';
import { commandLine } from '../core/quote.ts';
import { oneLine } from '../report/text.ts';
import { writeFirstScenario } from '../scenario/first-scenario.ts';
import { initImage } from '../yocto/init-image.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { nearPath } from './near-path.ts';
import { asTyped } from './typed-command.ts';
import { fingerprint } from './values.ts';

const agentNames = agents.map(({ name }) => name);

const command = (program: Parent) =>
  program
    .command('init')
    .summary('write a first scenario: for an update agent, or for an image that a Yocto build left')
    .description(
      "With --agent: a short scenario for this update agent on one of brownout's own images, which runs as it stands; its " +
        'comments say what to change for a device of yours.\n\n' +
        'With --yocto: reads the deploy folder of a Yocto build and writes an image.yaml, a scenario.yaml and ' +
        'copies of what is booted, unpacked where it is compressed. `brownout run` then boots the image as `runqemu ' +
        'slirp nographic` would, with its own disk in place of the file; the image.yaml lists what is different and ' +
        'why. The scenario comes with an update of its own, update.sh, for yours to take its place.\n\n' +
        'All of it or nothing is written, in a new folder, and never over something.',
    )
    .addOption(
      new Option('--agent <agent>', 'a first scenario for this update agent')
        .choices(agentNames)
        .conflicts(['yocto', 'image', 'machine', 'fstype', 'sshUser', 'sshKey', 'sshHostKey']),
    )
    .option('--yocto <folder>', 'DEPLOY_DIR (tmp/deploy), or the folder of one machine in it')
    .option('--image <name>', 'which image, where there are several: core-image-minimal')
    .option('--machine <machine>', 'of which machine, where there are several')
    .option('--fstype <type>', 'ext4 or wic (default: what QB_DEFAULT_FSTYPE names)')
    .option('--to <folder>', 'new folder (default: brownout-AGENT or brownout-IMAGE)')
    .option('--name <text>', 'what the scenario is called in reports')
    .option('--ssh-user <name>', 'who brownout logs in as (default: root)')
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
        'brownout init --agent rauc',
        'brownout init --yocto build/tmp/deploy --image core-image-minimal --machine qemuarm64',
        'brownout init --yocto build/tmp/deploy/images/qemux86-64 --fstype wic --ssh-key ~/.ssh/lab',
      ),
    );

interface WrittenFile {
  name: string;
  bytes: number;
}

type Options = OptionsOf<typeof command>;

/** `brownout init` */
export const addInit: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (options) => finish(await init(options, surroundings)));
};

async function init(options: Options, surroundings: Surroundings): Promise<number> {
  const { agent, yocto } = options;
  if (agent !== undefined) return initAgent(agent, options, surroundings);
  if (yocto !== undefined) return initYocto(yocto, options, surroundings);
  throw new ScenarioError(
    'init-of-what',
    'name an update agent with --agent, or a deploy folder with --yocto',
    {
      hint: `brownout init --agent rauc; there are ${agentNames.join(', ')}`,
    },
  );
}

async function initAgent(
  agent: string,
  { to, name, json }: Options,
  { streams }: Surroundings,
): Promise<number> {
  const written = await writeFirstScenario({ agent, to, name });
  const text = () => initText(`a first scenario for ${agent}`, written, streams.environment);
  streams.stdout.write(json === true ? `${JSON.stringify(written, null, 2)}\n` : text());
  return exitCodes.passed;
}

async function initYocto(
  yocto: string,
  { image, machine, fstype, to, name, sshUser = 'root', sshKey, sshHostKey, json }: Options,
  { streams, interruption }: Surroundings,
): Promise<number> {
  const ssh = { user: sshUser, key: sshKey, hostKeySha256: sshHostKey };
  const written = await initImage(
    { deployFolder: yocto, image, machine, fstype, to, name, ssh },
    interruption.signal,
  );
  const title = `${oneLine(written.image)} ${written.release} for ${written.machine}`;
  streams.stdout.write(
    json === true ? `${JSON.stringify(written, null, 2)}\n` : initText(title, written, streams.environment),
  );
  for (const warning of written.warnings) streams.stderr.write(`warning: ${oneLine(warning, 500)}\n`);
  return exitCodes.passed;
}

const meaning: Readonly<Record<string, string>> = {
  'image.yaml': 'the machine as runqemu starts it, and what is different',
  'scenario.yaml': 'what is shown: begin here',
  'scenario.schema.json': 'what a scenario may say: editors read it',
  'update.sh': 'the update, for yours to take its place',
  'packages.manifest': 'the packages in the image',
};

function initText(
  title: string,
  { folder, files }: { folder: string; files: WrittenFile[] },
  environment: NodeJS.ProcessEnv,
): string {
  const place = nearPath(folder);
  const width = Math.max(...files.map(({ name }) => name.length));
  const rows = files.map(
    ({ name, bytes }) => `  ${name.padEnd(width)}  ${meaning[name] ?? `${(bytes / 2 ** 20).toFixed(1)} MiB`}`,
  );
  const start = `next: ${commandLine(['brownout', 'run', `${place}/scenario.yaml`, '--power-cuts', 'none'])}`;
  return asTyped([`${title}, in ${place}:`, ...rows, start, ''].join('\n'), environment);
}
