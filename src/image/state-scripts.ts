import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltImage } from './description.ts';

/** The state scripts of an image's bundles, by their names; nothing where it has none. `folder` is the image's own. */
export async function stateScriptsOf(
  { bundles: { stateScripts } }: Pick<BuiltImage, 'bundles'>,
  folder: string,
): Promise<{ stateScripts?: Record<string, string> }> {
  if (stateScripts === undefined) return {};
  const place = join(folder, stateScripts);
  const scripts: Record<string, string> = {};
  for (const name of (await readdir(place)).sort()) scripts[name] = await readFile(join(place, name), 'utf8');
  return { stateScripts: scripts };
}
