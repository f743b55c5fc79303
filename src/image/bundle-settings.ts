import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleInputs } from './bundles/bundle-format.ts';
import type { BuiltImage } from './description.ts';

/** What an image says of its bundles that not every format has. `folder` is the image's own. */
export async function bundleSettings(
  { bundles: { stateScripts, imageName } }: Pick<BuiltImage, 'bundles'>,
  folder: string,
): Promise<Pick<BundleInputs, 'stateScripts' | 'imageName'>> {
  return {
    ...(stateScripts === undefined ? {} : { stateScripts: await scriptsIn(join(folder, stateScripts)) }),
    ...(imageName === undefined ? {} : { imageName }),
  };
}

/** State scripts by their names. */
async function scriptsIn(folder: string): Promise<Record<string, string>> {
  const scripts: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort())
    scripts[name] = await readFile(join(folder, name), 'utf8');
  return scripts;
}
