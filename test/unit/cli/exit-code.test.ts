import { describe, expect, it } from 'vitest';
import { exitCodeOfError, exitCodeOfRuns } from '../../../src/cli/exit-code.ts';
import { DeviceFailure, HarnessError, ScenarioError } from '../../../src/core/errors.ts';
import type { Problem, RunRecord, Verdict } from '../../../src/model/record.ts';
import { record } from '../report/records.ts';

function run(verdict: Verdict, kind?: Problem['kind']): RunRecord {
  return record({ verdict, ...(kind === undefined ? {} : { problem: { kind, code: 'x', message: 'x' } }) });
}

describe('exitCodeOfRuns', () => {
  it.each([
    ['nothing ran', [], 4],
    ['all passed', [run('passed'), run('passed')], 0],
    ['a device failed', [run('passed'), run('failed')], 1],
    ['a device failed early', [run('failed', 'device')], 1],
    ['the scenario is wrong', [run('error', 'scenario')], 2],
    ['the harness broke', [run('error', 'harness')], 3],
    ['an error without a reason', [run('error')], 3],
    ['a cut broke the harness after a device failed early', [run('error', 'device')], 3],
    ['something is not decided', [run('passed'), run('unknown')], 3],
    ['harness over device', [run('failed'), run('error', 'harness')], 3],
    ['scenario over all', [run('failed'), run('error', 'harness'), run('error', 'scenario')], 2],
    ['a pass that ended in trouble is none', [run('passed', 'harness')], 3],
  ] as const)('%s', (_, records, code) => {
    expect(exitCodeOfRuns(records)).toBe(code);
  });
});

describe('exitCodeOfError', () => {
  it.each([
    [new DeviceFailure('x', 'x'), 1],
    [new ScenarioError('x', 'x'), 2],
    [new HarnessError('x', 'x'), 3],
    [new TypeError('x'), 3],
    ['x', 3],
  ])('%s', (error, code) => {
    expect(exitCodeOfError(error)).toBe(code);
  });
});
