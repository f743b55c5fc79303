import { z } from 'zod';
import { sha256 } from '../core/digest.ts';
import { faultLines, parseDocument } from '../document/parse.ts';
import { readText } from '../document/read.ts';
import type { MachineName } from '../model/machine.ts';
import type { Scenario } from '../model/scenario.ts';

/** What of a scenario does not fit its image. */
type ScenarioPart = 'image' | 'agent' | { machine: MachineName } | { release: string };

/** Something that is wrong with a scenario although it is as its schema says. */
export interface Misfit {
  part: ScenarioPart;
  message: string;
}

const parts = z.looseObject({ machines: z.unknown(), releases: z.unknown() });

/**
 * What is wrong as a message: `scenario.yaml:3:8: image: …`, a line for each. Where the file is no more what was read, its
 * name stands alone.
 */
export async function misfitLines(
  { source }: Pick<Scenario, 'source'>,
  misfits: readonly Misfit[],
): Promise<string> {
  const text = await readText(source.path).catch(() => '');
  if (sha256(text) !== source.sha256)
    return misfits.map(({ message }) => `${source.path}: ${message}`).join('\n');
  const document = parseDocument(text, source.path, parts);
  return faultLines(
    text,
    source.path,
    misfits.map(({ part, message }) => ({ path: placeOf(part, document), message })),
  );
}

/** Keys and indices that lead to a part, as far as there are any. */
function placeOf(part: ScenarioPart, { machines, releases }: z.infer<typeof parts>): PropertyKey[] {
  if (typeof part === 'string') return [part];
  if ('machine' in part) return ['machines', ...indexOf(machines, part.machine)];
  const own = indexOf(releases, part.release);
  if (own.length > 0 || typeof releases !== 'object' || releases === null) return ['releases', ...own];
  for (const [branch, list] of Object.entries(releases)) {
    const found = indexOf(list, part.release);
    if (found.length > 0) return ['releases', branch, ...found];
  }
  return ['releases'];
}

function indexOf(list: unknown, value: string): number[] {
  const index = Array.isArray(list) ? list.indexOf(value) : -1;
  return index < 0 ? [] : [index];
}
