import { Option } from '@commander-js/extra-typings';
import { ScenarioError } from '../core/errors.ts';
import { isFolder } from '../core/files.ts';
import { makeWritable } from '../core/writable-folder.ts';
import { usualLimits } from '../crash/usual-limits.ts';
import { parsePowerCuts } from '../scenario/power-cuts.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp } from './exit-code.ts';
import { scenariosToBoot } from './load-scenarios.ts';
import { anyCut, assertOptionsUsed, exploring } from './options-in-use.ts';
import { runAndTell } from './run-and-tell.ts';
import { shardOf } from './shard-of.ts';
import {
  acceleratorOption,
  diskBudgetOption,
  jobsOption,
  jsonOption,
  machineOption,
  plainOption,
  quietOption,
  reportsOption,
  sshPortOption,
} from './usual-options.ts';
import { durationMs, seedText, wholeNumber } from './values.ts';

const command = (program: Parent) =>
  program
    .command('run')
    .summary('take devices through upgrades, cut the power, and decide whether they came back whole')
    .description(
      'Boots the image of each scenario and upgrades it along each path, recording every write. Then boots states ' +
        'that a power cut could have left on the disks, as many as asked for, and checks each. Leaves a report ' +
        'folder (index.html, run.json, states.json, run.jsonl, junit.xml, console logs).',
    )
    .argument('<scenario...>', 'scenario files (YAML; see scenarios/README.md)')
    .addOption(machineOption)
    .addOption(
      new Option(
        '--power-cuts <how>',
        'none; all = every crash state of the write log, decided by booting few; random:N = N of them, each booted; ' +
          'naive:N = N kills of QEMU that lose no written data, as other harnesses do, to compare',
      )
        .argParser(parsePowerCuts)
        .default(parsePowerCuts('random:10'), 'random:10'),
    )
    .option(
      '--seed <word>',
      'which crash states are drawn; the same seed draws the same ones from the same recording',
      seedText,
      '1',
    )
    .addOption(reportsOption)
    .addOption(jobsOption)
    .addOption(acceleratorOption)
    .addOption(sshPortOption)
    .option(
      '--fresh-recording',
      'record the upgrade again, even where a recording with equal inputs was kept',
    )
    .option(
      '--recording <folder>',
      'cut the power in the recordings that lie there, by brownout record, maybe on another host; nothing is recorded',
    )
    .option(
      '--resume',
      'with all: go on with an earlier run of these scenarios, interrupted or not. The same command does so by itself; with this it ' +
        'ends where there is nothing to go on with, because none was begun, or scenario, image or QEMU are others',
    )
    .option(
      '--fresh',
      'with all: boot every state again, also those that earlier runs have booted of the same recording',
    )
    .option(
      '--shard <part>',
      'with all: decide one part of the states, 2/4; auto = the part that a scheduler gives this job (GitLab, Buildkite, ' +
        'Slurm, Kubernetes, or BROWNOUT_SHARD=2/4). Give all workers one --recording, and then: report merge',
    )
    .option(
      '--ledger <folder>',
      'with all: keep boots there and take those of others, who may be at work; a part that is done goes on with what is left',
    )
    .addOption(diskBudgetOption)
    .option(
      '--budget <duration>',
      'with all: begin no boot after this time (30m, 2h) but those that explain a failure, 12 at most for each; the last quarter is for audits; what is left is unknown, and so not passed',
      durationMs,
    )
    .option(
      '--audit <percent>',
      'with all: states booted although another boot has decided them, as a share of the deciding boots, ' +
        `${usualLimits.auditLeast} at least; 0: none`,
      wholeNumber('--audit', 0, 10_000),
      usualLimits.auditShare * 100,
    )
    .option(
      '--retry-boots <n>',
      'with all: how often a path is tried again after a cut',
      wholeNumber('--retry-boots', 0, 100_000),
      usualLimits.retryBoots,
    )
    .option(
      '--second-cut-boots <n>',
      'with all: boots of a path after a second cut, while the device came back from the first',
      wholeNumber('--second-cut-boots', 0, 100_000),
      usualLimits.secondCutBoots,
    )
    .addOption(
      new Option('--recovery-boots <n>', 'the older name of --second-cut-boots')
        .argParser(wholeNumber('--recovery-boots', 0, 100_000))
        .conflicts('secondCutBoots')
        .hideHelp(),
    )
    .option(
      '--no-canonical',
      'with all: boot each state of an ext4 journal or of UEFI variables, also those that amount to the same',
    )
    .option(
      '--snapshots',
      'with all: begin boots where an earlier one had come to the same point; saving costs more than it spares where states differ early',
    )
    .option(
      '--carry',
      'with all: boot the state of each finding once more, and write beside it what replays without the image, of some 10 MB',
    )
    .addOption(quietOption)
    .addOption(plainOption)
    .addOption(jsonOption)
    .addHelpText(
      'after',
      `${examples(
        'brownout run scenarios/rauc/ab-upgrade.yaml',
        'brownout run scenarios/rauc/ab-upgrade.yaml --power-cuts all --budget 1h',
        'brownout run scenarios/rauc/ab-upgrade.yaml --power-cuts all --recording recordings --shard 2/4',
        'brownout run scenarios/rauc/ab-upgrade.yaml scenarios/rauc/fallback.yaml --machine qemuarm64 --power-cuts random:20 --seed 7 --json',
      )}\n\n${exitCodeHelp}`,
    );

type Options = OptionsOf<typeof command>;

/** `brownout run` */
export const addRun: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (files, options, typed) => {
    assertOptionsUsed(typed, options.powerCuts, neededBy);
    finish(await run(options, files, surroundings));
  });
};

/** The ways to cut the power with which an option says something; of all others it does with each. */
const neededBy = {
  seed: anyCut,
  recording: anyCut,
  freshRecording: anyCut,
  fresh: exploring,
  shard: exploring,
  ledger: exploring,
  budget: exploring,
  audit: exploring,
  retryBoots: exploring,
  secondCutBoots: exploring,
  recoveryBoots: exploring,
  canonical: exploring,
  snapshots: exploring,
  carry: exploring,
} satisfies Partial<Record<keyof Options, unknown>>;

async function run(options: Options, files: readonly string[], surroundings: Surroundings): Promise<number> {
  const { streams } = surroundings;
  const { recording: from, freshRecording: fresh = false } = options;
  if (from !== undefined && fresh)
    throw new ScenarioError(
      'option-invalid',
      '--recording takes recordings that are there, which --fresh-recording makes anew',
    );
  const { resume = false } = options;
  if (resume && (options.powerCuts.mode !== 'all' || fresh || options.fresh))
    throw new ScenarioError(
      'option-invalid',
      `--resume goes on with the boots of --power-cuts all${fresh ? ', and --fresh-recording begins anew' : options.fresh === true ? ', and --fresh takes none' : ''}`,
    );
  const shard = shardOf(options.shard, streams.environment);
  const { ledger } = options;
  if ((shard !== undefined || ledger !== undefined) && options.fresh === true)
    throw new ScenarioError(
      'option-invalid',
      `--${shard === undefined ? 'ledger' : 'shard'} shares boots, and --fresh takes none`,
    );
  const scenarios = await scenariosToBoot(files, options.machine, streams.environment);
  if (from !== undefined && !(await isFolder(from)))
    throw new ScenarioError('option-invalid', `--recording: ${from} is no folder`, {
      hint: 'name one that brownout record --output has written',
    });
  if (ledger !== undefined) await makeWritable(ledger, '--ledger');
  return runAndTell(options, surroundings, {
    scenarios,
    machine: options.machine,
    powerCuts: options.powerCuts,
    seed: options.seed,
    diskBudget: options.diskBudget,
    limits: {
      canonical: options.canonical,
      snapshots: options.snapshots === true,
      auditShare: options.audit / 100,
      auditLeast: options.audit === 0 ? 0 : usualLimits.auditLeast,
      chanceBoots: usualLimits.chanceBoots,
      retryBoots: options.retryBoots,
      secondCutBoots: options.recoveryBoots ?? options.secondCutBoots,
      reuse: options.fresh !== true,
      carry: options.carry === true,
      budgetMs: options.budget,
      shard,
      ledger: ledger === undefined ? undefined : { folder: ledger, besides: [], live: true },
    },
    recordings: { fresh, from, resume },
  });
}
