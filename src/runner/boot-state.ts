import { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import type { CutRecord } from '../model/record.ts';
import { Arena } from '../nbd/arena.ts';
import { describeState, stateMaps } from '../writelog/crash-state.ts';
import type { SampledState } from '../writelog/sample.ts';
import { stateId } from '../writelog/state-id.ts';
import type { Bench } from './bench.ts';
import { decide } from './decide.ts';
import { factoryDisks, mappedDisks, openDevice } from './device.ts';
import { upgradesOf } from './record-path.ts';
import type { Recording } from './recordings.ts';

/** One crash state of one recording. */
export interface PlannedState extends SampledState {
  recording: Recording;
  /** `p1`, `p2`: which of the scenario's paths. */
  pathName: string;
}

/** Boots one crash state for real and decides it. */
export async function bootState(
  bench: Bench,
  { recording, pathName, state, window }: PlannedState,
): Promise<CutRecord> {
  await using stack = new CleanupStack();
  const { releases } = recording.path;
  const upgrade = upgradesOf(releases)[window.step];
  if (upgrade === undefined)
    throw new HarnessError(
      'log-damaged',
      `the write log names upgrade ${window.step} of ${releases.length - 1}`,
    );
  const id = `${pathName}.${stateId(state)}`;
  const arena = stack.use('recorded writes', await Arena.open(recording.arenaPath));
  const contents = mappedDisks(
    await factoryDisks(bench, releases[0] ?? '', stack),
    stateMaps(recording.log, state),
    arena,
  );
  const device = await openDevice(bench, `cut-${id}`, contents, stack);
  const cut = {
    kind: state.shape.kind,
    id,
    path: releases,
    upgrade,
    during: window.phase,
    description: describeState(recording.log, state),
  };
  return await decide(
    bench,
    cut,
    { device, configuration: recording.configuration },
    { retry: bench.scenario.expect.retry === 'succeeds' },
  );
}
