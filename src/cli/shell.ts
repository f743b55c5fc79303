import { join } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { CleanupStack } from '../core/cleanup.ts';
import { Deadline } from '../core/deadline.ts';
import { ScenarioError } from '../core/errors.ts';
import { temporaryFolder } from '../core/scratch-folder.ts';
import { didYouMean } from '../document/suggest.ts';
import { factoryDevice } from '../golden/device.ts';
import { attachConsole } from '../guest/serial-console.ts';
import { assertHost } from '../host/check.ts';
import { buildImage } from '../image/build.ts';
import { describedImage } from '../image/described.ts';
import type { ImageManifest } from '../model/image.ts';
import { oneLine } from '../report/text.ts';
import type { Off } from '../target/target.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { handOver } from './hand-over.ts';
import { imagePlace, theMachine } from './image-names.ts';
import { durationMs, machineName, wholeNumber } from './values.ts';

const command = (program: Parent) =>
  program
    .command('shell')
    .summary('boot an image to look around in it')
    .description(
      'Boots an image as it leaves the factory and logs in; where no login comes, shows the console. What the device writes ' +
        'is gone afterwards, and the image stays as it is.',
    )
    .argument('<image>', 'name of a folder below images/, or path with a "/" of a folder with an image.yaml')
    .option('--machine <machine>', 'which machine, where the image is made for several', machineName)
    .option('--release <name>', 'which release (default: the first that devices leave the factory with)')
    .option('--console', 'the serial console in place of a login; Ctrl-] leaves it')
    .option('--ssh-port <port>', "host port for the guest's ssh", wholeNumber('--ssh-port', 1, 65535))
    .addOption(
      new Option('--within <time>', 'how long to wait for a login')
        .argParser(durationMs)
        .default(900_000, '15m'),
    )
    .addHelpText(
      'after',
      examples('brownout shell rauc-ab --machine qemuarm64', 'brownout shell ./gateway --console'),
    );

type Options = OptionsOf<typeof command>;

/** `brownout shell` */
export const addShell: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (image, options) => finish(await shell(image, options, surroundings)));
};

async function shell(
  image: string,
  options: Options,
  { streams, interruption }: Surroundings,
): Promise<number> {
  const { signal } = interruption;
  const manifest = await imageFor(image, options, signal);
  await assertHost({ purposes: ['run'], machines: [manifest.machine] }, streams.environment);
  await using stack = new CleanupStack();
  const { path: folder } = stack.use('folder', await temporaryFolder());
  const consoleSocket = options.console === true ? join(folder, 'console.sock') : undefined;
  const { sshPort } = options;
  const off = await factoryDevice(
    manifest,
    releaseOf(manifest, options.release),
    {
      ...{ folder, signal, sshPort, consoleSocket },
      onNotice: (message) => streams.stderr.write(`${oneLine(message, 500)}\n`),
    },
    stack,
  );
  if (consoleSocket !== undefined) return await atConsole(off, consoleSocket, options.within, signal);
  streams.stderr.write(`switching on ${manifest.name} for ${manifest.machine}\n`);
  const device = await (await off.powerOn()).untilReady(Deadline.after(options.within), signal);
  await handOver(device, streams.stderr, signal);
  return device.state === 'ready' ? exitCodes.passed : exitCodes.device;
}

/** Whether a login comes does not matter here; that the device's resets are followed does. */
async function atConsole(off: Off, socket: string, withinMs: number, signal: AbortSignal): Promise<number> {
  const left = new AbortController();
  const booting = await off.powerOn();
  const followed = booting
    .untilReady(Deadline.after(withinMs), AbortSignal.any([signal, left.signal]))
    .catch(() => undefined);
  await attachConsole(socket, process.stdin, process.stdout, signal);
  left.abort();
  await followed;
  return exitCodes.passed;
}

/** What is not there is said before the image is built. */
async function imageFor(
  image: string,
  { machine, release }: Options,
  signal: AbortSignal,
): Promise<ImageManifest> {
  const { name, imagesRoot } = await imagePlace(image);
  const described = await describedImage(imagesRoot, name);
  const chosen = theMachine(name, described.machines, machine);
  const releases = described.releasesOn(chosen);
  if (release !== undefined && !releases.includes(release))
    throw new ScenarioError(
      'unknown-release',
      `--release: image ${name} has no release ${release}${didYouMean(release, releases)}; it has ${releases.join(', ')}`,
    );
  return buildImage({ name, imagesRoot, machine: chosen, signal });
}

function releaseOf({ releases }: ImageManifest, wanted: string | undefined): string {
  const first = Object.values(releases).find(({ factory }) => factory !== undefined);
  return wanted ?? first?.version ?? 'any';
}
