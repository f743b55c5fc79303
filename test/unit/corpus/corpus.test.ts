import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../../src/model/scenario.ts';
import { loadScenario } from '../../../src/scenario/load.ts';

const folders = readdirSync('test/corpus', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('the corpus of defects', () => {
  it('has cases numbered without a gap', () => {
    const numbers = folders.map((name) => name.slice(0, 2)).sort();
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, i) => String(i + 1).padStart(2, '0')));
  });

  it.each(folders)('%s is a defect and a twin that is asked the same', async (name) => {
    expect(readdirSync(`test/corpus/${name}`).sort()).toEqual(['defect.yaml', 'twin.yaml']);
    const defect = await loadScenario(`test/corpus/${name}/defect.yaml`);
    const twin = await loadScenario(`test/corpus/${name}/twin.yaml`);
    expect(defect.name).toMatch(new RegExp(`^${name.slice(0, 2)} defect: `));
    expect(twin.name).toMatch(new RegExp(`^${name.slice(0, 2)} twin: `));
    expect(twin.agent).not.toEqual(defect.agent);
    const asked = ({ machines, image, releases, checks, powerCuts, expect }: Scenario) => ({
      ...{ machines, image, releases, checks, powerCuts, expect },
    });
    expect(asked(twin)).toEqual(asked(defect));
  });
});
