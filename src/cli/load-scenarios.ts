import { basename } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { assertHost } from '../host/check.ts';
import type { MachineName } from '../model/machine.ts';
import type { Scenario } from '../model/scenario.ts';
import { assertDescribed } from '../runner/described-scenario.ts';
import { knownFile } from '../scenario/known.ts';
import { loadScenario } from '../scenario/load.ts';
import { scenarioFile } from './scenario-file.ts';

/** Reads scenarios whose devices are to be booted, on one machine or on all that they name, and looks whether the host can. */
export async function scenariosToBoot(
  files: readonly string[],
  machine: MachineName | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<Scenario[]> {
  const scenarios = await loadAll(files, (file) => describedScenario(file, machine));
  const machines = scenarios
    .flatMap((scenario) => scenario.machines)
    .filter((name) => name === (machine ?? name));
  await assertHost({ purposes: ['run'], machines }, environment);
  return scenarios;
}

/** Reads a scenario and holds it against its image's description. Throws ScenarioError. */
export async function describedScenario(file: string, machine?: MachineName): Promise<Scenario> {
  const scenario = await loadScenario(file);
  await assertDescribed(scenario, machine);
  return scenario;
}

/**
 * Reads every scenario before anything starts, and reports what is wrong with any of them. A list of known findings that a
 * shell's pattern has found among them is none.
 */
export async function loadAll(
  files: readonly string[],
  load: (file: string) => Promise<Scenario>,
): Promise<Scenario[]> {
  const named = files.filter((file) => basename(file) !== knownFile);
  const chosen = named.length > 0 ? named : files;
  const results = await Promise.allSettled(chosen.map(async (file) => load(await scenarioFile(file))));
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const wrong = failures.filter((failure) => failure instanceof ScenarioError);
  if (wrong.length < failures.length) throw failures.find((failure) => !(failure instanceof ScenarioError));
  const [only] = wrong;
  if (wrong.length === 1 && only !== undefined) throw only;
  if (wrong.length > 1)
    throw new ScenarioError('scenarios-invalid', wrong.map((failure) => failure.message).join('\n'));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
