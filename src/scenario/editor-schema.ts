import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scenarioJsonSchema } from './schema.ts';

const schemaFile = 'scenario.schema.json';

/** The first line of a written scenario: editors with the YAML language server read the schema that lies beside it. */
export const schemaLine = `# yaml-language-server: $schema=${schemaFile}`;

/** Writes the JSON Schema of scenarios beside one. */
export function writeSchema(folder: string): Promise<void> {
  return writeFile(join(folder, schemaFile), `${JSON.stringify(scenarioJsonSchema())}\n`);
}
