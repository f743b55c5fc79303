import type { RunContext } from '../device/run-context.ts';
import { scenarioSlug } from '../model/scenario.ts';
import { inputsDigest, inputsOf } from '../recording/inputs.ts';
import type { Trace } from '../recording/trace.ts';
import type { SampledState } from '../writelog/sample.ts';
import { stateId } from '../writelog/state-id.ts';
import { tokenText } from './token.ts';

/** One crash state of one trace. */
export interface PlannedState extends SampledState {
  trace: Trace;
}

/** The state's name in a run: `p1.197.none`. */
export function plannedId({ trace, state }: Pick<PlannedState, 'trace' | 'state'>): string {
  const id = stateId(state);
  return trace.after === undefined ? `${trace.name}.${id}` : `${trace.name}${id}`;
}

/** What a command line takes to boot a state again. */
export function tokenOf(context: RunContext, planned: Pick<PlannedState, 'trace' | 'state'>): string {
  const { scenario, machine, manifest } = context;
  const { trace } = planned;
  return tokenText({
    scenario: scenarioSlug(scenario.source.path),
    machine,
    inputs: inputsDigest(inputsOf(scenario, manifest, trace.releases)),
    log: trace.sha256,
    state: plannedId(planned),
  });
}
