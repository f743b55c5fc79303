import { dirname, join } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { chosenCases } from '../conform/cases/index.ts';
import { ScenarioError } from '../core/errors.ts';
import type { ConformanceRecord } from '../model/conformance.ts';
import { coloursFor, type View, viewFor } from '../report/colour.ts';
import { conformanceScreen, suitesEnd } from '../report/conformance-screen.ts';
import { conformanceMarkdown, conformanceText } from '../report/conformance-text.ts';
import { Terminal } from '../report/terminal.ts';
import { runConformance } from '../runner/conform.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp, exitCodeOfRuns } from './exit-code.ts';
import { addToJobSummary } from './job-summary.ts';
import { scenariosToBoot } from './load-scenarios.ts';
import type { Streams } from './streams.ts';
import { asTyped } from './typed-command.ts';
import {
  jobsOption,
  jsonOption,
  machineOption,
  plainOption,
  quietOption,
  reportsOption,
} from './usual-options.ts';
import { durationMs, seedText } from './values.ts';
import { withTerminal } from './with-terminal.ts';

const command = (program: Parent) =>
  program
    .command('conform')
    .summary('hold an update agent to what every update agent promises')
    .description(
      'Takes the device of each scenario to three states (its owner uses it; the next release is installed; it is in ' +
        'use), and does every case of the suite with a copy of one of them: releases in every order, bundles that are ' +
        'wrong, releases that do not come up, resets, servers that fail, places that are full. Then it decides crash states ' +
        'of one upgrade, for the cases about power. Leaves conformance.md, conformance.json and junit.xml.',
    )
    .argument(
      '<scenario...>',
      'scenario files (YAML; see scenarios/README.md): agent, image, machines, owner',
    )
    .addOption(machineOption)
    .option('--case <id>', 'only this case (B2); may be given again', collect, [])
    .option('--group <name>', 'only this group (boot); may be given again', collect, [])
    .addOption(
      new Option(
        '--budget <duration>',
        'for each case about power: begin no boot after this time, the last quarter of which is for audits; what is left is unknown',
      )
        .argParser(durationMs)
        .default(usualCaseBudgetMs, `${usualCaseBudgetMs / 60_000}m`),
    )
    .option('--seed <word>', 'of whatever is drawn', seedText, '1')
    .option('--fresh', 'do every case again, also those that an earlier run has decided with the same inputs')
    .addOption(reportsOption)
    .addOption(jobsOption)
    .addOption(quietOption)
    .addOption(plainOption)
    .addOption(jsonOption)
    .addHelpText(
      'after',
      `${examples(
        'brownout conform scenarios/rauc/ab-upgrade.yaml',
        'brownout conform scenarios/rauc/ab-upgrade.yaml --machine qemuarm64 --case I1 --case B2',
      )}\n\n${exitCodeHelp}`,
    );

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

type Options = OptionsOf<typeof command>;

/** For about a hundred boots of a small device. */
const usualCaseBudgetMs = 15 * 60_000;

/** `brownout conform` */
export const addConform: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (files, options, typed) => {
    const cases = chosenCases({ ids: options.case, groups: options.group });
    if (typed.getOptionValueSource('budget') === 'cli' && !cases.some((one) => 'ask' in one))
      throw new ScenarioError('option-unused', '--budget: nothing comes of it without a case about power', {
        hint: 'give --group power as well, or leave it out',
      });
    finish(await run(options, files, surroundings));
  });
};

async function run(
  options: Options,
  files: readonly string[],
  { streams, interruption }: Surroundings,
): Promise<number> {
  const scenarios = await scenariosToBoot(files, options.machine, streams.environment);
  const folders = new Map<string, string>();
  const progress = options.json === true ? streams.stderr : streams.stdout;
  const view = viewFor(options, progress, streams.environment);
  const terminal = new Terminal(progress, { view, environment: streams.environment });
  const records = await withTerminal(terminal, folders, (events) =>
    runConformance({
      scenarios,
      machine: options.machine,
      choice: { ids: options.case, groups: options.group },
      budgetMs: options.budget,
      seed: options.seed,
      reuse: options.fresh !== true,
      reports: options.reports,
      jobs: options.jobs,
      sshPort: undefined,
      events,
      signal: interruption.signal,
    }),
  );
  if (records.length > 0) await addToJobSummary(conformanceMarkdown(records), streams);
  const exitCode = exitCodeOfRuns(records);
  if (options.json === true) {
    const suites = records.map((record) => ({ folder: folders.get(record.id), record }));
    streams.stdout.write(`${JSON.stringify({ exitCode, suites }, null, 2)}\n`);
  } else if (records.length === 0) {
    streams.stdout.write(`nothing was tried: no scenario names ${options.machine ?? 'a machine'}\n`);
  } else {
    writeSuites(records, folders, view, streams);
  }
  return exitCode;
}

/** The end: one screen where somebody has watched or wants nothing more; in a log each case that did not pass. */
function writeSuites(
  records: readonly ConformanceRecord[],
  folders: ReadonlyMap<string, string>,
  view: View,
  { stdout, environment }: Streams,
): void {
  const [folder] = folders.values();
  const options = {
    colour: coloursFor(stdout, environment),
    folderOf: ({ id }: ConformanceRecord) => folders.get(id),
    page: records.length > 1 && folder !== undefined ? join(dirname(folder), 'index.html') : undefined,
  };
  const end =
    view === 'plain'
      ? `${conformanceText(records, options)}${suitesEnd(records, options).join('\n')}\n`
      : conformanceScreen(records, options);
  stdout.write(asTyped(`\n${end}`, environment));
}
