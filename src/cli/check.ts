import { type Scenario } from '../model/scenario.ts';
import { oneLine } from '../report/text.ts';
import { folderOf } from '../runner/scenario-image.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodeHelp, exitCodes } from './exit-code.ts';
import { lackOf } from './image-names.ts';
import { describedScenario, loadAll } from './load-scenarios.ts';

const command = (program: Parent) =>
  program
    .command('check')
    .summary('read scenarios and the descriptions of their images, and boot nothing')
    .description(
      'Says of each scenario what is wrong with it, by line and column, and whether its image is described for its ' +
        'machines with its releases. Takes no time and needs nothing but the files; of bundles that are there it is seen whether ' +
        'they are whole and for the agent, and packages are looked at when the image is built.',
    )
    .argument('<scenario...>', 'scenario files (YAML; see scenarios/README.md)')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `${examples('brownout check scenarios/rauc/ab-upgrade.yaml', 'brownout check brownout-rauc/scenario.yaml')}\n\n${exitCodeHelp}`,
    );

type Options = OptionsOf<typeof command>;

/** `brownout check` */
export const addCheck: AddCommand = (program, surroundings, finish) => {
  command(program).action(async (files, options) => finish(await check(files, options, surroundings)));
};

async function check(
  files: readonly string[],
  { json }: Options,
  { streams }: Surroundings,
): Promise<number> {
  const scenarios = await loadAll(files, (file) => describedScenario(file));
  const checked = await Promise.all(
    scenarios.map(async (scenario) => ({ scenario, lack: await lackOf(folderOf(scenario)) })),
  );
  if (json === true) {
    const printed = checked.map(({ scenario, lack }) => ({
      ...summaryOf(scenario),
      ...(lack === undefined ? {} : { lack }),
    }));
    streams.stdout.write(`${JSON.stringify({ exitCode: exitCodes.passed, scenarios: printed }, null, 2)}\n`);
    return exitCodes.passed;
  }
  for (const { scenario, lack } of checked) {
    const { file, agent, image, machines, paths } = summaryOf(scenario);
    const where = `${agent}, image ${image}, ${machines.join(' and ')}`;
    const ways = paths.map((path) => path.join(' -> ')).join('; ');
    streams.stdout.write(`${file}: ok: ${oneLine(`${where}: ${ways}`)}\n`);
    if (lack !== undefined) streams.stdout.write(`  but it cannot be built here: ${oneLine(lack, 1000)}\n`);
  }
  return exitCodes.passed;
}

function summaryOf({ source, name, agent, image, machines, paths }: Scenario) {
  return { file: source.path, name, agent: agent.name, image, machines, paths };
}
