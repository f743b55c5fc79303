import { describe, expect, it } from 'vitest';
import { shardOf } from '../../../src/cli/shard-of.ts';

const slurm = (id: number, min: number, max: number, step: number, count: number) => ({
  SLURM_ARRAY_TASK_ID: `${id}`,
  SLURM_ARRAY_TASK_MIN: `${min}`,
  SLURM_ARRAY_TASK_MAX: `${max}`,
  SLURM_ARRAY_TASK_STEP: `${step}`,
  SLURM_ARRAY_TASK_COUNT: `${count}`,
});

describe('--shard', () => {
  it('is a part and of how many', () => {
    expect(shardOf('2/4', {})).toEqual({ index: 2, count: 4 });
    expect(shardOf(undefined, { CI_NODE_INDEX: '1', CI_NODE_TOTAL: '2' })).toBeUndefined();
  });

  it.each(['0/4', '5/4', '2', '1/0', '-1/4', '1/4/2', ''])('refuses %j', (text) => {
    expect(() => shardOf(text, {})).toThrow(expect.objectContaining({ code: 'option-invalid' }));
  });

  it.each([
    ['GitLab', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '4' }],
    ['Buildkite', { BUILDKITE_PARALLEL_JOB: '1', BUILDKITE_PARALLEL_JOB_COUNT: '4' }],
    ['Slurm', slurm(1, 0, 3, 1, 4)],
    ['Slurm from 10 in steps of 5', slurm(15, 10, 25, 5, 4)],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '1', BROWNOUT_SHARDS: '4' }],
    ['whoever says it', { BROWNOUT_SHARD: '2/4', CI_NODE_INDEX: '1', CI_NODE_TOTAL: '9' }],
  ])('auto is the part that %s gives', (_, environment) => {
    expect(shardOf('auto', environment)).toEqual({ index: 2, count: 4 });
  });

  it.each([
    ['nobody gives one', {}],
    ['half is told', { JOB_COMPLETION_INDEX: '1' }],
    ['an array has gaps', slurm(5, 1, 9, 1, 4)],
    ['it is no number', { CI_NODE_INDEX: 'x', CI_NODE_TOTAL: '4' }],
    ['two give one', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '4', ...slurm(1, 0, 3, 1, 4) }],
  ])('auto is refused where %s', (_, environment) => {
    expect(() => shardOf('auto', environment)).toThrow(expect.objectContaining({ code: 'shard-unknown' }));
  });
});
