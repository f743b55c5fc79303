import { ScenarioError } from '../core/errors.ts';
import { commandLine } from '../core/quote.ts';
import { assertHost } from '../host/check.ts';
import type { MachineName } from '../model/machine.ts';
import { machineNames } from '../model/machine.ts';
import { coloursFor, type TextOutput } from '../report/colour.ts';
import { type PlannedReplay, replayBegin, replayLine } from '../report/replay-story.ts';
import { replayText } from '../report/replay-text.ts';
import { oneLine } from '../report/text.ts';
import { type Replayed, type ReplayOptions, replay as runReplay } from '../runner/replay.ts';
import type { Broken, Ready } from '../target/target.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp, exitCodes } from './exit-code.ts';
import { handOver } from './hand-over.ts';
import { nearPath } from './near-path.ts';
import { asTyped } from './typed-command.ts';
import { wholeNumber } from './values.ts';

const command = (program: Parent) =>
  program
    .command('replay')
    .summary('boot the crash state of one finding again')
    .description(
      'Boots exactly the disks that a power cut left in an earlier run, and checks them as that run did. A token needs ' +
        "the recording in this host's cache, or the finding's file below the reports; a file needs the image only, which " +
        'is built where it is missing. Refuses where image or scenario are not what they were.',
    )
    .argument('<token|file>', 'a token from a summary or run.json, or a finding-*.brownout file')
    .option(
      '--shell',
      'log in instead of checking: a shell on the device, or its console where it does not come up',
    )
    .option('--export-disk <folder>', "write the state's disks as raw images, and boot nothing")
    .option(
      '--carry <file>',
      'write a finding that holds all that this boot reads of image and disks, and replays without the image',
    )
    .option(
      '--carried',
      'boot what a finding holds of its image (--carry), its firmware and kernel included, not the image that is here',
    )
    .option('--reports <folder>', 'where report folders are made, and findings looked for', 'reports')
    .option('--ssh-port <port>', "host port for the guest's ssh", wholeNumber('--ssh-port', 1, 65535))
    .option(
      '--random-seed <n>',
      "of the guest's random numbers (QEMU's -seed) and the timing of its disks, for a finding that is not deterministic (default: 0, as in other boots)",
      wholeNumber('--random-seed', 0, 999_999_999),
    )
    .option(
      '--allow-open-network',
      'boot a finding whose scenario has "network: open": its guest reaches whatever this host reaches',
    )
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `${examples(
        'brownout replay reports/latest/finding-1.brownout',
        'brownout replay reports/latest/finding-1.brownout --carry finding-1-carried.brownout',
        'brownout replay ab-upgrade:qemuarm64:5606e40215:8f3a2c1d9e:p1.197.none --shell',
        'brownout replay reports/latest/finding-1.brownout --export-disk /tmp/state && e2fsck -fn /tmp/state/main.img?offset=176685056',
      )}\n\n${exitCodeHelp}`,
    );

type Options = OptionsOf<typeof command>;

/** `brownout replay` */
export const addReplay: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (what, options) => finish(await replay(options, what, surroundings)));
};

async function replay(
  { shell, exportDisk, carry, carried, reports, sshPort, randomSeed, allowOpenNetwork, json }: Options,
  what: string,
  { streams, interruption }: Surroundings,
): Promise<number> {
  const machines: readonly MachineName[] = machineNames.filter((name) => what.includes(`:${name}:`));
  if (carry !== undefined && (shell === true || exportDisk !== undefined))
    throw new ScenarioError(
      'option-invalid',
      '--carry needs a boot that is checked, without --shell and --export-disk',
    );
  if (carry?.endsWith('.brownout') === false)
    throw new ScenarioError(
      'option-invalid',
      `--carry: a finding's name ends with .brownout, ${carry} does not`,
    );
  await assertHost({ purposes: ['run'], machines }, streams.environment);
  const progress = json === true ? streams.stderr : streams.stdout;
  const done: Replayed = await runReplay({
    what,
    reports,
    exportTo: exportDisk,
    carryTo: carry,
    takeCarried: carried,
    handOver:
      shell === true
        ? (device: Ready | Broken) => handOver(device, progress, interruption.signal)
        : undefined,
    sshPort,
    randomSeed,
    allowOpenNetwork,
    ...narrator(progress),
    signal: interruption.signal,
  });
  const { scenario, cut, reason, images, folder = '' } = done;
  if (json === true)
    streams.stdout.write(
      `${JSON.stringify({ scenario: scenario.name, reason, cut, images, folder: done.folder }, null, 2)}\n`,
    );
  else
    streams.stdout.write(
      replayText({ ...done, folder: nearPath(folder) }, coloursFor(streams.stdout, streams.environment)),
    );
  if (cut === undefined || cut.verdict === 'passed') return exitCodes.passed;
  if (json !== true) {
    const same = [
      ...(randomSeed === undefined ? [] : ['--random-seed', String(randomSeed)]),
      ...(carried === true ? ['--carried'] : []),
    ];
    const next = `next: ${commandLine(['brownout', 'replay', what, ...same, '--shell'])}\n`;
    streams.stdout.write(asTyped(next, streams.environment));
  }
  return cut.verdict === 'failed' ? exitCodes.device : exitCodes.harness;
}

/** Says what is booted and why, and then, as it happens, what the device is at. */
function narrator(output: TextOutput): Pick<ReplayOptions, 'onEvent' | 'onPlanned'> {
  let planned: PlannedReplay | undefined;
  let started = 0;
  const say = (lines: readonly string[]) => output.write(lines.map((line) => `${line}\n`).join(''));
  return {
    onPlanned: (now) => {
      planned = now;
      say(replayBegin(now));
    },
    onEvent: (event) => {
      if (event.type === 'notice') say([`note: ${oneLine(event.message, 600)}`]);
      if (event.type !== 'boot' || planned === undefined) return;
      if (event.doing === 'starts') started = performance.now();
      const line = replayLine(event.doing, (performance.now() - started) / 1000, planned);
      if (line !== undefined) say([line]);
    },
  };
}
