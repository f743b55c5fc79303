import { expect, it } from 'vitest';
import { runConformance } from '../../../src/runner/conform.ts';
import { slotLab } from '../../support/simulated/lab.ts';

it('does not try a maintenance window where nobody could see what is written', async () => {
  const lab = await slotLab({});
  lab.manifest.slots.pop();
  await lab.scenario({ releases: ['1.0', '1.1'], agent: { name: 'rauc', delivery: 'hawkbit' } });
  const choice = { ids: ['T9'], groups: [] };
  const [record] = await runConformance({ ...(await lab.options()), choice, budgetMs: 1000, reuse: true });
  expect(record?.cases[0]?.reason).toMatch(/^the image has no two slots, of which/);
});
