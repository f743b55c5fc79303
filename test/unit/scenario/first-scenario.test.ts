import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { agents } from '../../../src/agents/index.ts';
import { firstScenarios, writeFirstScenario } from '../../../src/scenario/first-scenario.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { scenarioJsonSchema } from '../../../src/scenario/schema.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-first-'));
});
afterEach(() => rm(folder, { recursive: true }));

const allows = new Ajv2020({ strict: false }).compile(scenarioJsonSchema());
const names = agents.map(({ name }) => name);

it('there is a first scenario for every agent, and for nothing else', async () => {
  expect((await readdir(firstScenarios)).map((file) => basename(file, '.yaml')).sort()).toEqual(
    [...names].sort(),
  );
});

describe('a first scenario', () => {
  it.each(names)('of %s is of this agent, and what its schema allows', async (agent) => {
    const to = join(folder, 'made');
    const { files } = await writeFirstScenario({ agent, to });
    expect(files.map(({ name }) => name)).toEqual(['scenario.schema.json', 'scenario.yaml']);
    const text = await readFile(join(to, 'scenario.yaml'), 'utf8');
    const [, schema = ''] = /^# yaml-language-server: \$schema=(.*)\n/.exec(text) ?? [];
    expect(JSON.parse(await readFile(join(to, schema), 'utf8'))).toEqual(scenarioJsonSchema());
    expect(allows(parse(text))).toBe(true);
    expect(allows({ ...(parse(text) as object), nmae: 'x' })).toBe(false);
    const scenario = await loadScenario(join(to, 'scenario.yaml'));
    expect(scenario.agent.name).toBe(agent);
    expect(scenario.configuration.length).toBeGreaterThan(0);
    expect(scenario.powerCuts.during).toContain('install');
  });

  it('has the name that it is given, whatever that is', async () => {
    const name = 'A "gateway": $& # 7';
    await writeFirstScenario({ agent: 'rauc', to: join(folder, 'made'), name });
    expect((await loadScenario(join(folder, 'made', 'scenario.yaml'))).name).toBe(name);
  });

  it('is not written over something', async () => {
    await writeFirstScenario({ agent: 'rauc', to: join(folder, 'made') });
    await expect(writeFirstScenario({ agent: 'opkg', to: join(folder, 'made') })).rejects.toMatchObject({
      code: 'folder-occupied',
    });
    expect((await loadScenario(join(folder, 'made', 'scenario.yaml'))).agent.name).toBe('rauc');
  });
});
