import { readdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assertFree, makeNewFolder } from '../core/new-folder.ts';
import { readText } from '../document/read.ts';
import { schemaLine, writeSchema } from './editor-schema.ts';

/** A short scenario for each agent, on an image that comes with this program: `rauc.yaml`. */
export const firstScenarios = fileURLToPath(new URL('../../scenarios/first', import.meta.url));

/** What is to be written, and where. */
export interface FirstRequest {
  /** Name of an agent. */
  agent: string;
  /** New folder (default: brownout-AGENT). */
  to?: string | undefined;
  /** Of the scenario, instead of the one that it has. */
  name?: string | undefined;
}

/** What was written. */
export interface FirstScenario {
  folder: string;
  agent: string;
  files: { name: string; bytes: number }[];
}

/**
 * Writes a first scenario for an agent, and its schema for editors, to a new folder. Whole or not at all. Throws
 * ScenarioError `folder-occupied` and HarnessError `folder-unwritable`.
 */
export async function writeFirstScenario({ agent, to, name }: FirstRequest): Promise<FirstScenario> {
  const folder = resolve(to ?? `brownout-${agent}`);
  await assertFree(folder);
  const text = await readText(join(firstScenarios, `${agent}.yaml`));
  const named =
    name === undefined ? text : text.replace(/^name: .*$/m, () => `name: ${JSON.stringify(name)}`);
  const files = await makeNewFolder(folder, async (temporary) => {
    await writeFile(join(temporary, 'scenario.yaml'), `${schemaLine}\n${named}`);
    await writeSchema(temporary);
    const names = (await readdir(temporary)).sort();
    return Promise.all(
      names.map(async (file) => ({ name: file, bytes: (await stat(join(temporary, file))).size })),
    );
  });
  return { folder, agent, files };
}
