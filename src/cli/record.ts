import { usualLimits } from '../crash/usual-limits.ts';
import { machineNames } from '../model/machine.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp } from './exit-code.ts';
import { jobsFor } from './jobs-for.ts';
import { scenariosToBoot } from './load-scenarios.ts';
import { runAndTell } from './run-and-tell.ts';
import { acceleratorName, machineName, wholeNumber } from './values.ts';

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
    .option(
      '--machine <machine>',
      `only this machine: ${machineNames.join(' or ')} (default: all of the scenario)`,
      machineName,
    )
    .option('--reports <folder>', 'where report folders are made', 'reports')
    .option(
      '--jobs <n>',
      'machines that run at once (default: by cores and memory)',
      wholeNumber('--jobs', 1, 256),
    )
    .option(
      '--accelerator <name>',
      'auto = TCG, as crash states are decided; kvm; tcg',
      acceleratorName,
      'auto',
    )
    .option(
      '--ssh-port <port>',
      "host port for the guest's ssh; one machine at a time",
      wholeNumber('--ssh-port', 1, 65535),
    )
    .option('--fresh-recording', 'record again, even where a recording with equal inputs was kept')
    .option('--quiet', 'show nothing until the end, and then one screen')
    .option('--plain', 'lines that stay, as in the log of a CI, also on a terminal')
    .option('--json', 'print one JSON document on standard output; progress goes to standard error')
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
  { streams, interruption }: Surroundings,
): Promise<number> {
  const scenarios = await scenariosToBoot(files, options.machine, streams.environment);
  return runAndTell(options, { streams }, (events) => ({
    scenarios,
    machine: options.machine,
    powerCuts: { mode: 'all' },
    seed: '1',
    reports: options.reports,
    jobs: jobsFor(options),
    accelerator: options.accelerator,
    sshPort: options.sshPort,
    limits: { ...usualLimits, budgetMs: undefined },
    recordings: { only: true, to: options.output, fresh: options.freshRecording === true },
    events,
    signal: interruption.signal,
  }));
}
