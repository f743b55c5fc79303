import { ScenarioError } from '../core/errors.ts';
import { isFolder } from '../core/files.ts';
import { planMerge } from '../runner/merge.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp } from './exit-code.ts';
import { scenariosToBoot } from './load-scenarios.ts';
import { runAndTell } from './run-and-tell.ts';
import {
  acceleratorOption,
  diskBudgetOption,
  jobsOption,
  jsonOption,
  plainOption,
  quietOption,
  reportsOption,
  sshPortOption,
} from './usual-options.ts';
import { durationMs } from './values.ts';

const command = (report: Parent) =>
  report
    .command('merge')
    .summary('put together what several workers have decided: one verdict, one report')
    .description(
      'Takes the boots of workers that were run with --shard, decides by them what one worker would have decided, and boots what ' +
        'they have not: states that a worker left which died, what is asked of all states together (the live cut, ' +
        'what a failure is to be blamed on), and audits that are missing. Needs the scenario, image and recording that they had.',
    )
    .argument('<folder...>', 'ledgers, or report folders of workers; what lies below them is found')
    .option(
      '--recording <folder>',
      'the recordings that the workers were given (default: those kept on this host)',
    )
    .addOption(reportsOption)
    .addOption(jobsOption)
    .addOption(acceleratorOption)
    .addOption(sshPortOption)
    .addOption(diskBudgetOption)
    .option(
      '--budget <duration>',
      'begin no boot after this time (30m, 2h); what no worker has decided is unknown then, and so not passed',
      durationMs,
    )
    .addOption(quietOption)
    .addOption(plainOption)
    .addOption(jsonOption)
    .addHelpText(
      'after',
      `${examples(
        'brownout report merge reports/*/ledger --recording recordings',
        'brownout report merge /srv/nightly --budget 30m',
      )}\n\n${exitCodeHelp}`,
    );

type Options = OptionsOf<typeof command>;

/** `brownout report merge` */
export const addReportMerge: AddCommand = (report, surroundings, finish) => {
  command(report).action(async (folders, options) => finish(await merge(options, folders, surroundings)));
};

async function merge(
  options: Options,
  folders: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { streams } = surroundings;
  const { recording: from } = options;
  if (from !== undefined && !(await isFolder(from)))
    throw new ScenarioError('option-invalid', `--recording: ${from} is no folder`, {
      hint: 'give it the folder that the workers were given',
    });
  const plan = await planMerge(folders);
  for (const notice of plan.notices) streams.stderr.write(`${notice}\n`);
  await scenariosToBoot(
    plan.scenarios.map(({ source }) => source.path),
    undefined,
    streams.environment,
  );
  return runAndTell(options, surroundings, {
    scenarios: plan.scenarios,
    machine: undefined,
    powerCuts: { mode: 'all' },
    seed: plan.seed,
    diskBudget: options.diskBudget,
    unfinished: plan.unfinished,
    limits: { ...plan.limits, snapshots: false, reuse: true, ledger: plan.ledger, budgetMs: options.budget },
    recordings: { from: options.recording, cut: plan.recordings },
  });
}
