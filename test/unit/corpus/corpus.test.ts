import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Scenario } from '../../../src/model/scenario.ts';
import { loadScenario } from '../../../src/scenario/load.ts';

const folders = readdirSync('test/corpus', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const caseSchema = z.strictObject({
  names: z.array(z.string().min(3)).min(1),
  withoutCut: z.literal(true).optional(),
  alone: z.literal(true).optional(),
  simulated: z.enum(['found', 'hidden']).optional(),
  options: z.array(z.string()).optional(),
});

describe('the corpus of defects', () => {
  it('has at least 30 cases, numbered without a gap', () => {
    const numbers = folders.map((name) => name.slice(0, 2)).sort();
    expect(numbers.length).toBeGreaterThanOrEqual(30);
    expect(numbers).toEqual(numbers.map((_, i) => String(i + 1).padStart(2, '0')));
  });

  it.each(folders)('%s is a defect and a twin that is asked the same', async (name) => {
    const folder = `test/corpus/${name}`;
    expect(readdirSync(folder).sort()).toEqual(['case.yaml', 'defect.yaml', 'twin.yaml']);
    expect(readFileSync(`${folder}/defect.yaml`, 'utf8')).toContain('# BUG');
    expect(readFileSync(`${folder}/twin.yaml`, 'utf8')).not.toContain('# BUG');
    caseSchema.parse(parse(readFileSync(`${folder}/case.yaml`, 'utf8')));
    const defect = await loadScenario(`${folder}/defect.yaml`);
    const twin = await loadScenario(`${folder}/twin.yaml`);
    expect(defect.name).toMatch(new RegExp(`^${name.slice(0, 2)} defect: `));
    expect(twin.name).toMatch(new RegExp(`^${name.slice(0, 2)} twin: `));
    const device = ({ agent, provision }: Scenario) => ({ agent, provision });
    expect(device(twin)).not.toEqual(device(defect));
    const asked = ({ machines, image, releases, checks, powerCuts, expect }: Scenario) => ({
      ...{ machines, image, releases, checks, powerCuts, expect },
    });
    expect(asked(twin)).toEqual(asked(defect));
  });
});
