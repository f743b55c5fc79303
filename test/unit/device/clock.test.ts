import { expect, it } from 'vitest';
import { slotLab } from '../../support/simulated/lab.ts';

it('a device knows what its clock says, and whether its power was cut before', async () => {
  const lab = await slotLab();
  const clock = { start: '2030-05-06T07:08:09', afterCut: 'epoch' };
  await lab.scenario({ clock, powerCuts: { during: ['install'] } });
  const { createTarget } = lab;
  const cut = new Map<string, boolean | undefined>();
  lab.createTarget = (options) => {
    expect(options.clock).toEqual(clock);
    cut.set(options.consoleLog(1).replace(/^.*\/(\w.*)\.1\.log$/, '$1'), options.afterCut);
    return createTarget(options);
  };
  await lab.run({ powerCuts: { mode: 'random', count: 2 } });
  const labels = [...cut.keys()];
  const afterCut = labels.filter((one) => cut.get(one) === true);
  expect(afterCut.length).toBeGreaterThanOrEqual(2);
  expect(afterCut.every((one) => one.startsWith('cut-') || one.endsWith('-after'))).toBe(true);
  expect(
    labels.filter((one) => one.startsWith('cut-') && cut.get(one) !== true && !one.endsWith('-before')),
  ).toEqual([]);
  expect(afterCut.length).toBeLessThan(labels.length);
});
