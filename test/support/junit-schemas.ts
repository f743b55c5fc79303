import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validateXML } from 'xmllint-wasm';

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../data/schemas/${name}`, import.meta.url)), 'utf8');

const schemas = {
  jenkins: read('jenkins-xunit-junit-10.xsd'),
  surefire: read('surefire-test-report.xsd'),
};

/** What a JUnit document violates of Jenkins' xunit plugin's or Maven Surefire's schema. */
export async function violations(xml: string, schema: keyof typeof schemas): Promise<string[]> {
  const { errors } = await validateXML({ xml, schema: schemas[schema] });
  return errors.map((error) => error.message);
}
