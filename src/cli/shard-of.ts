import { ScenarioError } from '../core/errors.ts';
import type { Shard } from '../model/shard.ts';

/** The variables in which a scheduler tells a job which of several it is. */
interface Scheduler {
  name: string;
  variables: readonly string[];
  /** Of their values, whole numbers in the same order; undefined: they name no part. */
  shard: (values: readonly number[]) => Shard | undefined;
}

const fromOne = ([index = 0, count = 0]: readonly number[]) => ({ index, count });
const fromZero = ([index = -1, count = 0]: readonly number[]) => ({ index: index + 1, count });

/** As each documents them. */
const schedulers: readonly Scheduler[] = [
  // docs.gitlab.com/ci/variables/predefined_variables: from 1, with `parallel`.
  { name: 'GitLab', variables: ['CI_NODE_INDEX', 'CI_NODE_TOTAL'], shard: fromOne },
  // buildkite.com/docs/pipelines/environment-variables: from 0, with `parallelism`.
  {
    name: 'Buildkite',
    variables: ['BUILDKITE_PARALLEL_JOB', 'BUILDKITE_PARALLEL_JOB_COUNT'],
    shard: fromZero,
  },
  // sbatch(1), output environment variables of a job array; its tasks may begin anywhere, with any step.
  {
    name: 'Slurm',
    variables: [
      ...['SLURM_ARRAY_TASK_ID', 'SLURM_ARRAY_TASK_COUNT', 'SLURM_ARRAY_TASK_MIN', 'SLURM_ARRAY_TASK_MAX'],
      'SLURM_ARRAY_TASK_STEP',
    ],
    shard: ([id = 0, count = 0, min = 0, max = 0, step = 1]) =>
      (max - min) / step + 1 === count ? { index: (id - min) / step + 1, count } : undefined,
  },
  // kubernetes.io/docs/concepts/workloads/controllers/job: from 0, in Indexed Jobs; nothing tells `completions`.
  { name: 'Kubernetes', variables: ['JOB_COMPLETION_INDEX', 'BROWNOUT_SHARDS'], shard: fromZero },
];

/** Reads `--shard`: `2/4`, or `auto`. Throws ScenarioError `option-invalid` and `shard-unknown`. */
export function shardOf(text: string | undefined, environment: NodeJS.ProcessEnv): Shard | undefined {
  if (text === undefined) return undefined;
  if (text === 'auto') return autoShard(environment);
  return parseShard(text, '--shard');
}

function parseShard(text: string, option: string): Shard {
  const [, index, count] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (isShard(shard)) return shard;
  throw new ScenarioError(
    'option-invalid',
    `${option}: expected a part and of how many, 2/4, or auto; found ${JSON.stringify(text.slice(0, 60))}`,
  );
}

/** The part that a scheduler has given this job. BROWNOUT_SHARD is for those that tell a job nothing. */
function autoShard(environment: NodeJS.ProcessEnv): Shard {
  const own = environment['BROWNOUT_SHARD'] ?? '';
  if (own !== '') return parseShard(own, 'BROWNOUT_SHARD');
  const told = schedulers.filter(({ variables }) => variables.every((name) => isSet(environment[name])));
  const [only] = told;
  if (told.length > 1)
    throw unknown(`${told.map(({ name }) => name).join(' and ')} both give this job a part`);
  if (only === undefined) {
    const names = schedulers.map(({ name, variables }) => `${name}: ${variables.slice(0, 2).join(', ')}`);
    throw unknown(`no scheduler gives this job a part; looked for ${names.join('; ')}`);
  }
  const values = only.variables.map((name) => Number(environment[name]));
  const shard = only.shard(values);
  if (shard !== undefined && isShard(shard)) return shard;
  const found = only.variables.map((name) => `${name}=${environment[name] ?? ''}`).join(' ');
  throw unknown(`${only.name} gives this job no part that can be told: ${found}`);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function isShard({ index, count }: Shard): boolean {
  return Number.isInteger(index) && Number.isInteger(count) && index >= 1 && index <= count;
}

function unknown(message: string): ScenarioError {
  return new ScenarioError('shard-unknown', `--shard auto: ${message}`, {
    hint: 'say which part it is: --shard 2/4, or BROWNOUT_SHARD=2/4',
  });
}
