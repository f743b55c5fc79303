import { documentError, type Fault, parseDocument } from '../document/parse.ts';
import { readText } from '../document/read.ts';
import { makePlan } from './plan.ts';
import { recipeSchema } from './recipe.ts';
import type { Plan } from './release.ts';
import { readFiles, readSource } from './source.ts';
import { checkDestination, writeRelease } from './write-release.ts';

/** What is derived from what. */
export interface Derivation {
  /** Paths: of the recipe's file, of the old release, and of the folder that the new one becomes. */
  recipe: string;
  from: string;
  to: string;
}

/**
 * Derives a release of a package feed from another as a recipe says; nothing of the packages is run. The same packages
 * and recipe give the same files. Nothing is written unless all that the recipe names is there. Throws ScenarioError
 * with file:line:column for what is wrong with the recipe, `feed-occupied`, `feed-inside`, and what reading and writing
 * packages throws.
 */
export async function deriveFeed(
  { recipe: file, from, to }: Derivation,
  signal?: AbortSignal,
): Promise<Plan> {
  const text = await readText(file);
  const recipe = parseDocument(text, file, recipeSchema);
  await checkDestination(from, to);
  const feed = await readSource(from, recipe.from, signal);
  const faults: Fault[] = [];
  const plan = makePlan(recipe, feed, await readFiles(feed, recipe, signal), faults);
  if (faults.length > 0) throw documentError(text, file, unique(faults));
  await writeRelease(plan.outputs, feed, to, recipe.from, signal);
  return plan;
}

/** A package that is there for several architectures has the same faults in each. */
function unique(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}
