import type { SampledState } from '../writelog/sample.ts';
import { stateId } from '../writelog/state-id.ts';
import type { Bench } from './bench.ts';
import type { Ground } from './ground.ts';
import { inputsDigest, inputsOf } from './inputs.ts';
import { scenarioSlug } from './report-folder.ts';
import { tokenText } from './token.ts';

/** One crash state of one ground. */
export interface PlannedState extends SampledState {
  ground: Ground;
}

/** The state's name in a run: `p1.197.none`. */
export function plannedId({ ground, state }: Pick<PlannedState, 'ground' | 'state'>): string {
  const id = stateId(state);
  return ground.after === undefined ? `${ground.name}.${id}` : `${ground.name}${id}`;
}

/** What a command line takes to boot a state again. */
export function tokenOf(bench: Bench, planned: Pick<PlannedState, 'ground' | 'state'>): string {
  const { scenario, machine, manifest } = bench;
  const { ground } = planned;
  return tokenText({
    scenario: scenarioSlug(scenario.source.path),
    machine,
    inputs: inputsDigest(inputsOf(scenario, manifest, ground.releases)),
    log: ground.sha256,
    state: plannedId(planned),
  });
}
