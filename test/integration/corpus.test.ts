import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { openLab } from '../support/simulated/lab.ts';
import { simulatedTargets } from '../support/simulated/machine.ts';
import { ScriptGuest, scriptImage } from '../support/simulated/script-guest.ts';

const scenarioSchema = z.looseObject({
  agent: z.looseObject({ install: z.string(), confirm: z.string().optional() }),
  provision: z.array(z.looseObject({ run: z.string().optional() })).default([]),
  checks: z.array(z.looseObject({ run: z.string() })).default([]),
});
const caseSchema = z.looseObject({
  simulated: z.enum(['found', 'hidden']).optional(),
  options: z.array(z.string()).default([]),
});

/** The cases that need no more than files and sectors. */
const cases = readdirSync('test/corpus', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => {
    const { simulated, options } = caseSchema.parse(
      parse(readFileSync(`test/corpus/${name}/case.yaml`, 'utf8')),
    );
    return simulated === undefined ? [] : [{ name, simulated, secondCutBoots: options.length > 0 ? 24 : 0 }];
  });

/** A run of one half of a case on a device whose scripts the host's shell runs. */
async function runOf(name: string, which: 'defect' | 'twin', secondCutBoots: number) {
  const scenario = scenarioSchema.parse(parse(readFileSync(`test/corpus/${name}/${which}.yaml`, 'utf8')));
  const { agent, provision, checks } = scenario;
  const scripts = [
    agent.install,
    agent.confirm,
    ...provision.map(({ run }) => run),
    ...checks.map(({ run }) => run),
  ];
  const known = scripts.filter((script) => script !== undefined);
  let folder = '';
  const lab = await openLab(
    (image) => {
      folder = join(image, '..');
      return scriptImage(image);
    },
    simulatedTargets(() => new ScriptGuest(mkdtempSync(join(folder, 'guest-')), known)),
  );
  await lab.scenario({ ...scenario, image: './image' });
  return lab.run({ limits: { auditLeast: 0, auditShare: 0, retryBoots: 60, secondCutBoots } });
}

describe('the corpus on a simulated device', () => {
  it.each(cases)(
    '$name: the defect is $simulated, the twin passes',
    { timeout: 900_000 },
    async ({ name, simulated, secondCutBoots }) => {
      const twin = await runOf(name, 'twin', secondCutBoots);
      expect({ verdict: twin.verdict, findings: twin.findings, problem: twin.problem }).toEqual({
        verdict: 'passed',
        findings: [],
        problem: undefined,
      });
      const defect = await runOf(name, 'defect', secondCutBoots);
      const cuts = defect.findings.map(({ cut }) => cut !== '');
      expect(cuts.every((cut) => cut)).toBe(true);
      expect(defect.verdict).toBe(simulated === 'found' ? 'failed' : 'passed');
    },
  );
});
