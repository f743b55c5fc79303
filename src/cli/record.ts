import { makeWritable } from '../core/writable-folder.ts';
import { usualLimits } from '../crash/usual-limits.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp } from './exit-code.ts';
import { scenariosToBoot } from './load-scenarios.ts';
import { runAndTell } from './run-and-tell.ts';
import {
  acceleratorOption,
  jobsOption,
  jsonOption,
  machineOption,
  plainOption,
  quietOption,
  reportsOption,
  sshPortOption,
} from './usual-options.ts';

const command = (program: Parent) =>
  program
    .command('record')
    .summary('record the upgrades of scenarios, for runs on this host or on others; no power is cut')
    .description(
      'Boots the image of each scenario and upgrades it along each path, recording every write, as run does before it ' +
        'cuts the power; recordings with equal inputs that were kept are taken again. With --output they are written ' +
        'where run --recording takes them, on any host with the same scenario, image and QEMU.',
    )
    .argument('<scenario...>', 'scenario files (YAML; see scenarios/README.md)')
    .option('-o, --output <folder>', 'folder of recordings for other hosts; what else lies there stays')
    .addOption(machineOption)
    .addOption(reportsOption)
    .addOption(jobsOption)
    .addOption(acceleratorOption)
    .addOption(sshPortOption)
    .option('--fresh-recording', 'record again, even where a recording with equal inputs was kept')
    .addOption(quietOption)
    .addOption(plainOption)
    .addOption(jsonOption)
    .addHelpText(
      'after',
      `${examples(
        'brownout record scenarios/rauc/ab-upgrade.yaml --machine qemuarm64 --output recordings',
        'brownout run scenarios/rauc/ab-upgrade.yaml --machine qemuarm64 --power-cuts all --recording recordings',
      )}\n\n${exitCodeHelp}`,
    );

type Options = OptionsOf<typeof command>;

/** `brownout record` */
export const addRecord: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (files, options) => finish(await record(options, files, surroundings)));
};

async function record(
  options: Options,
  files: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { streams } = surroundings;
  const scenarios = await scenariosToBoot(files, options.machine, streams.environment);
  if (options.output !== undefined) await makeWritable(options.output, '--output');
  return runAndTell(options, surroundings, {
    scenarios,
    machine: options.machine,
    powerCuts: { mode: 'all' },
    seed: '1',
    limits: { ...usualLimits, budgetMs: undefined },
    recordings: { only: true, to: options.output, fresh: options.freshRecording === true },
  });
}
