import { ScenarioError } from '../core/errors.ts';
import type { RunContext } from '../device/run-context.ts';
import { type MachineName, machineNames } from '../model/machine.ts';
import { scenarioSlug } from '../model/scenario.ts';
import { inputsDigest, inputsOf } from '../recording/inputs.ts';
import type { Trace } from '../recording/trace.ts';
import type { SampledState } from '../writelog/sample.ts';
import { stateId } from '../writelog/state-id.ts';

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
    inputs: inputsDigest(inputsOf(scenario, manifest, trace.releases, trace.recording)),
    log: trace.sha256,
    state: plannedId(planned),
  });
}

/** Digits of each digest that a token has. */
const digits = 10;

/** Names one crash state of one recording: what `brownout replay` takes. */
export interface Token {
  /** The scenario file's name without its ending. */
  scenario: string;
  machine: MachineName;
  /** Beginnings of the digests of the inputs, and of the recording with all logs that follow it; hex. */
  inputs: string;
  log: string;
  /** `p1.197.none`; after a second cut `p1.197.none/88`. */
  state: string;
}

/** `ab-upgrade:qemuarm64:5606e40215:8f3a2c1d9e:p1.197.none`: for a command line, without quotes. */
export function tokenText({ scenario, machine, inputs, log, state }: Token): string {
  return [scenario, machine, inputs.slice(0, digits), log.slice(0, digits), state].join(':');
}

/** Reads what `tokenText` wrote. Throws ScenarioError `token-invalid`. */
export function parseToken(text: string): Token {
  const [, scenario, name, inputs, log, state] =
    /^([\w.-]+):([\w-]+):([0-9a-f]{10}):([0-9a-f]{10}):(p\d[\w.+/-]*)$/.exec(text) ?? [];
  const machine = machineNames.find((known) => known === name);
  if (!scenario || machine === undefined || !inputs || !log || !state)
    throw new ScenarioError('token-invalid', `${JSON.stringify(text.slice(0, 200))} is no replay token`, {
      hint: 'a token is one word, as in ab-upgrade:qemuarm64:5606e40215:8f3a2c1d9e:p1.197.none, and is in run.json and in the summary; or give a finding-*.brownout file',
    });
  return { scenario, machine, inputs, log, state };
}
