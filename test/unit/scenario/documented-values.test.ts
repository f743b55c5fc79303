import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { agents } from '../../../src/agents/index.ts';
import { scenarioJsonSchema } from '../../../src/scenario/schema.ts';

const project = join(import.meta.dirname, '..', '..', '..');

/** What of a JSON schema says which values a key may have. */
interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

/** Each key with each of its documented values, `expect.fallback=lasts`, and whether it is what a scenario has that says nothing. */
function documented(root: Schema): Map<string, boolean> {
  const found = new Map<string, boolean>();
  const walk = (given: Schema, path: string[], usual: unknown) => {
    const schema = given.$ref === undefined ? given : at(root, given.$ref);
    const fallback = schema.default ?? usual;
    if (path.length > 6) return;
    const values = schema.enum ?? ('const' in schema ? [schema.const] : []);
    // A key that is not there says no, and another agent may have the value of its own accord.
    for (const value of schema.type === 'boolean' ? [true, false] : values) {
      const key = `${path.join('.')}=${String(value)}`;
      found.set(key, found.get(key) === true || value === false || value === fallback);
    }
    for (const [key, inner] of Object.entries(schema.properties ?? {}))
      walk(inner, [...path, key], undefined);
    if (typeof schema.additionalProperties === 'object')
      walk(schema.additionalProperties, [...path, '*'], undefined);
    // One of a list, and several: the same value.
    if (schema.items !== undefined) walk(schema.items, path, undefined);
    for (const inner of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) walk(inner, path, fallback);
  };
  walk(root, [], undefined);
  return found;
}

function at(root: Schema, ref: string): Schema {
  const steps = ref.replace('#/', '').split('/');
  return steps.reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], root) as Schema;
}

/** The values that scenarios of these folders have, which devices run. */
function inScenarios(folders: readonly string[]): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown, path: string[]) => {
    if (Array.isArray(value)) for (const one of value) walk(one, path);
    else if (value !== null && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) {
        walk(inner, [...path, key]);
        walk(inner, [...path, '*']);
      }
    else {
      found.add(`${path.join('.')}=${String(value)}`);
      // An agent by its name alone.
      if (path.join('.') === 'agent') found.add(`agent.name=${String(value)}`);
    }
  };
  for (const folder of folders)
    for (const name of readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.yaml')) walk(parse(readFileSync(join(project, folder, name), 'utf8')), []);
  return found;
}

/** Values that no such scenario has: the test that runs each, which has it, or this word for all of them. */
const elsewhere: readonly [key: RegExp, test: string, word?: string][] = [
  // What it is where nothing is said, as its description says.
  [/^agent\.reboots=by-harness$/, 'unit/agents/mender.test.ts', "agentFor({ name: 'mender' })"],
  [/^agent\.trusted=true$/, 'interop/golden/import-image.test.ts', 'trusted: true'],
  [/^agent\.delivery=file$/, 'unit/agents/mender.test.ts'],
  [/^agent\.refuseOlder=/, 'unit/agents/swupdate.test.ts'],
  [/^agent\.abilities=downgradeGuard$/, 'unit/agents/swupdate.test.ts'],
  [/^agent\.abilities=stateScripts$/, 'unit/agents/mender.test.ts'],
  [/^agent\.abilities=applications$/, 'unit/agents/fullmetalupdate.test.ts'],
  [/^agent\.abilities=maintenanceWindow$/, 'unit/hawkbit/server.test.ts'],
  [/^agent\.abilities=/, 'unit/conform/conform.test.ts'],
  [/^paths=/, 'unit/scenario/paths.test.ts'],
  [/^configuration\.(follow|attributes)=/, 'unit/device/file-answers.test.ts'],
  [/^clock\.afterCut=/, 'unit/device/clock.test.ts'],
  [/^network=/, 'unit/device/network.test.ts'],
  [/^known\.cause\.phase=no-cut$/, 'unit/oracle/known.test.ts'],
  [/^known\.cause\.phase=/, 'unit/oracle/known.test.ts', 'it.each(knownPhases'],
  [/^known\.cause\.kind=/, 'unit/oracle/known.test.ts', 'it.each(stateKinds)'],
  [/^known\.machine=/, 'unit/oracle/known.test.ts', 'it.each(machineNames)'],
  [/^serverFaults\.on=/, 'unit/recording/hawkbit-faults.test.ts'],
  [/^serverFaults\.oneOf=/, 'unit/recording/faulty-upgrade.test.ts'],
  // The older name of serverFaults.
  [/^feedFaults\.(on|fault)=/, 'unit/scenario/load.test.ts'],
  [/^feedFaults\.oneOf=/, 'unit/recording/faulty-upgrade.test.ts'],
  [/^powerCuts\.during=/, 'unit/crash/histories.test.ts'],
  [/^powerCuts\.states=/, 'unit/explore/space.test.ts'],
  [/^powerCuts\.disturb=/, 'unit/recording/disturb.test.ts'],
  [/^expect\.release\./, 'unit/crash/histories.test.ts'],
  [/^expect\.configuration\./, 'unit/oracle/configuration.test.ts'],
  [/^expect\.configuration=/, 'unit/device/histories.test.ts'],
];

describe('each documented value of each key', () => {
  const values = documented(scenarioJsonSchema(agents));
  const run = inScenarios(['scenarios', 'test/scenarios', 'test/corpus']);
  const left = [...values].filter(([value, isUsual]) => !isUsual && !run.has(value)).map(([value]) => value);

  it('is run: by a scenario, or by a test that names it', () => {
    const unrun = left.filter((value) => {
      const own = value.slice(value.indexOf('=') + 1);
      const [, test, word = own] = elsewhere.find(([key]) => key.test(value)) ?? [];
      return test === undefined || !readFileSync(join(project, 'test', test), 'utf8').includes(word);
    });
    expect(unrun).toEqual([]);
  });

  it('is listed here only where no scenario has it', () => {
    expect(values.size).toBeGreaterThan(100);
    expect(elsewhere.filter(([key]) => !left.some((value) => key.test(value)))).toEqual([]);
  });
});
