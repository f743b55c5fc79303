import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The scenario that is meant: a file as named from here; that of a folder, as `init` writes it; or one that comes with this
 * program, by the same name (`scenarios/rauc/ab-upgrade.yaml`), so that what the documents show works in every folder.
 */
export async function scenarioFile(named: string): Promise<string> {
  const within = join(named, 'scenario.yaml');
  if (await isThere(within)) return within;
  if (!/^(\.\/)?scenarios\//.test(named)) return named;
  const own = fileURLToPath(new URL(`../../${named}`, import.meta.url));
  const isHere = await isThere(named);
  return !isHere && (await isThere(own)) ? own : named;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
