import { ScenarioError } from '../core/errors.ts';
import { type MachineName, machineNames } from '../model/machine.ts';
import { github } from './ci/github.ts';
import { gitlab } from './ci/gitlab.ts';
import { jenkins } from './ci/jenkins.ts';
import { kubernetes } from './ci/kubernetes.ts';
import type { Pipeline } from './ci/pipeline.ts';
import { slurm } from './ci/slurm.ts';
import { type AddCommand, examples, type Parent } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { describedScenario, loadAll } from './load-scenarios.ts';
import { machineName, wholeNumber } from './values.ts';

/** What writes a pipeline for each. */
const kinds = { gitlab, github, jenkins, kubernetes, slurm } as const satisfies Record<
  string,
  (pipeline: Pipeline) => string
>;

const names = {
  gitlab: 'GitLab',
  github: 'GitHub Actions',
  jenkins: 'Jenkins',
  kubernetes: 'Kubernetes',
  slurm: 'Slurm',
};

const command = (ci: Parent, kind: keyof typeof kinds) =>
  ci
    .command(kind)
    .summary(`print a pipeline for ${names[kind]}`)
    .description(
      `Prints a pipeline for ${names[kind]} that records the upgrades of a scenario once, has several workers decide the crash ` +
        'states, and merges what they booted. To be kept in the project, and changed there.',
    )
    .argument('<scenario>', 'scenario file, as the project has it')
    .option('--shards <n>', 'workers', wholeNumber('--shards', 1, 1000), 4)
    .option(
      '--machine <machine>',
      `only this machine: ${machineNames.join(' or ')} (default: all of the scenario)`,
      machineName,
    )
    .addHelpText(
      'after',
      examples(`brownout ci ${kind} scenarios/rauc/ab-upgrade.yaml --shards 4 > pipeline`),
    );

/** `brownout ci …` */
export const addCi: AddCommand = (program, { streams }, finish) => {
  const ci = program
    .command('ci')
    .summary('print a pipeline in which several workers share out the crash states')
    .addHelpText('after', examples('brownout ci gitlab scenarios/rauc/ab-upgrade.yaml > .gitlab-ci.yml'));
  for (const kind of Object.keys(kinds) as (keyof typeof kinds)[])
    command(ci, kind).action(async (scenario, { shards, machine }) => {
      const pipeline = kinds[kind]({ scenario, machine, shards });
      await assertRunnable(scenario, machine);
      streams.stdout.write(pipeline);
      finish(exitCodes.passed);
    });
};

/** A pipeline that fails at its first step is found out about at night. Throws ScenarioError. */
async function assertRunnable(file: string, machine: MachineName | undefined): Promise<void> {
  const [scenario] = await loadAll([file], describedScenario);
  if (machine === undefined || scenario === undefined || scenario.machines.includes(machine)) return;
  throw new ScenarioError(
    'machine-unknown',
    `${file} is not for ${machine}, only for ${scenario.machines.join(', ')}`,
  );
}
