import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { testData } from './data.ts';

/** SPDX's published JSON schemas, by the version that a document says it has. Skips the suite where they are absent. */
export function spdxSchemas(): { violations: (document: unknown, version: '2.3' | '3.0.1') => string[] } {
  const [old, current] = ['2.3', '3.0.1'].map((version) => testData(`schemas/spdx-${version}-schema.json`));
  const compiled = new Map<string, ValidateFunction>();
  const validator = (version: '2.3' | '3.0.1') => {
    const known = compiled.get(version);
    if (known !== undefined) return known;
    // `strict: false`: the schemas have keywords that Ajv does not know. Not all errors: a document has many elements.
    const ajv = version === '2.3' ? new Ajv({ strict: false }) : new Ajv2020({ strict: false });
    formats.default(ajv);
    const path = (version === '2.3' ? old : current) ?? '';
    const made = ajv.compile(JSON.parse(readFileSync(path, 'utf8')) as object);
    compiled.set(version, made);
    return made;
  };
  return {
    violations: (document, version) => {
      const validate = validator(version);
      if (validate(document)) return [];
      return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
    },
  };
}
