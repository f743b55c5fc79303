import { readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Scenario } from '../../src/model/scenario.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { HostDevice } from './host-device.ts';

const agentSchema = z.looseObject({ install: z.string(), confirm: z.string().optional() });
const caseSchema = z.looseObject({ steps: z.enum(['shown', 'hidden']).optional() });

/** Cases whose commands need no more than files and sectors, and whether a cut between two of them shows the defect. */
const cases = readdirSync('test/corpus', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => {
    const { steps } = caseSchema.parse(parse(readFileSync(`test/corpus/${name}/case.yaml`, 'utf8')));
    return steps === undefined ? [] : [{ name, steps }];
  });

/** What goes wrong after cuts between two steps of what the scenario cuts, nothing lost; and without one. */
async function failuresOf(scenario: Scenario): Promise<{ uncut: string[]; cut: string[] }> {
  await using device = await HostDevice.provisioned(scenario);
  const { install, confirm } = agentSchema.parse(scenario.agent);
  const during = new Set(scenario.powerCuts.during);
  const states = await device.cutsFolder();
  const uncut = [await device.failedCheck(scenario, '1.0')];
  const { code, output } = await device.run(install, during.has('install') ? states : '');
  if (code !== 0) uncut.push(`install: ${output}`);
  await device.start(during.has('first-boot') ? states : '');
  uncut.push(await device.failedCheck(scenario, '2.0'));
  if (confirm !== undefined) {
    await device.run(confirm, during.has('confirm') ? states : '');
    uncut.push(await device.failedCheck(scenario, '2.0'));
  }

  const cut: (string | undefined)[] = [];
  for (const state of await readdir(states)) {
    const again = during.has('second-cut') ? await device.cutsFolder() : '';
    await device.restore(states, state);
    await device.start(again);
    cut.push(await device.failedCheck(scenario, '1.0 2.0'));
    if (scenario.expect.retry === 'succeeds') {
      const retry = await device.run(install);
      await device.start();
      cut.push(retry.code === 0 ? await device.failedCheck(scenario, '2.0') : `retry: ${retry.output}`);
    }
    for (const second of again === '' ? [] : await readdir(again)) {
      await device.restore(again, second);
      await device.start();
      cut.push(await device.failedCheck(scenario, '1.0 2.0'));
    }
  }
  expect(cut).not.toHaveLength(0);
  const failed = (all: readonly (string | undefined)[]) => all.filter((one) => one !== undefined);
  return { uncut: failed(uncut), cut: failed(cut) };
}

describe("the corpus' commands, run step by step on the host", () => {
  it.each(cases)(
    '$name: the defect is $steps by a cut between two steps, the twin is whole',
    async ({ name, steps }) => {
      const twin = await failuresOf(await loadScenario(`test/corpus/${name}/twin.yaml`));
      expect(twin).toEqual({ uncut: [], cut: [] });
      const defect = await failuresOf(await loadScenario(`test/corpus/${name}/defect.yaml`));
      expect(defect.uncut).toEqual([]);
      if (steps === 'shown') expect(defect.cut).not.toEqual([]);
      else expect(defect.cut).toEqual([]);
    },
  );
});
