import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { beforeAll } from 'vitest';
import { testData } from './data.ts';

type Version = '2.3' | '3.0.1';

// `strict: false`: the schemas have keywords that Ajv does not know.
const readers = { '2.3': new Ajv({ strict: false }), '3.0.1': new Ajv2020({ strict: false }) };
for (const ajv of Object.values(readers)) formats.default(ajv);
const compiled = new Map<Version, ValidateFunction>();

/** What a document violates of SPDX's published JSON schemas. Skips the suite that calls this where they are absent. */
export function spdxSchemas(): (document: unknown, version: Version) => string[] {
  const paths = (['2.3', '3.0.1'] as const).map(
    (version) => [version, testData(`schemas/spdx-${version}-schema.json`)] as const,
  );
  // Half a second of work, which a busy host makes a long one.
  beforeAll(() => {
    for (const [version, path] of paths) {
      if (compiled.has(version)) continue;
      const schema = readText(path);
      if (schema !== undefined) compiled.set(version, readers[version].compile(JSON.parse(schema) as object));
    }
  }, 120_000);
  return (document, version) => {
    const validate = compiled.get(version);
    if (validate === undefined) return ['there is no schema'];
    return validate(document)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
  };
}

/** Undefined where the suite is going to be skipped. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
