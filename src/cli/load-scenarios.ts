import { ScenarioError } from '../core/errors.ts';
import type { Scenario } from '../model/scenario.ts';
import { loadScenario } from '../scenario/load.ts';

/** Reads every scenario before anything starts, and reports what is wrong with any of them. */
export async function loadScenarios(files: readonly string[]): Promise<Scenario[]> {
  const results = await Promise.allSettled(files.map((file) => loadScenario(file)));
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
