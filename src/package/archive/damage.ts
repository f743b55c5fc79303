import { ScenarioError } from '../../core/errors.ts';

/** A package file is not what its format says; leaves this folder's public functions as a ScenarioError only. */
export class Damage extends Error {
  override readonly name = 'Damage';
}

/** Puts what was being read before the message of any damage that `work` finds. */
export async function within<T>(where: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Damage) throw new Damage(`${where}: ${error.message}`, { cause: error.cause });
    throw error;
  }
}

/** Turns damage into the ScenarioError `package-damaged` that names the file; everything else passes. */
export async function asScenarioError<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new ScenarioError('package-damaged', `${path}: ${error.message}`, {
      cause: error,
      hint: 'take the file away or build it again',
    });
  }
}
