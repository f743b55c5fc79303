import { describe, expect, it } from 'vitest';
import { hostStarved } from '../../../src/target/fair-limit.ts';
import { codesOf, type Lab, slotLab } from '../../support/simulated/lab.ts';
import { fails, prints } from '../../support/simulated/shell.ts';

/** A lab whose host keeps the CPU from a device while it is asked after a cut: `when` has the number of the question. */
async function starvedLab(when: (number: number) => boolean): Promise<Lab> {
  let asked = 0;
  const lab = await slotLab({
    before: (command) => {
      const isCut = lab.events.some((event) => event.type === 'phase' && event.phase === 'power cuts');
      if (!command.includes('draw lots')) return undefined;
      if (isCut) asked += 1;
      return isCut && when(asked)
        ? { ...fails(1, 'timed out'), starved: hostStarved(24_000, 15_000) }
        : prints('fine\n');
    },
  });
  await lab.scenario({
    powerCuts: { during: ['install'] },
    checks: [{ name: 'lots', run: 'draw lots' }],
    expect: { retry: 'unchecked' },
  });
  return lab;
}

const notices = (lab: Lab) =>
  lab.events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])).join('\n');

describe('a boot that the host keeps the CPU from', () => {
  it.each([
    { mode: 'all' as const },
    { mode: 'random' as const, count: 3 },
    { mode: 'naive' as const, count: 3 },
  ])('says nothing, and is made again: $mode', async (powerCuts) => {
    const lab = await starvedLab((number) => [1, 5, 6].includes(number));
    const record = await lab.run({ jobs: 1, powerCuts });
    expect(record.problem).toBeUndefined();
    expect([record.verdict, record.findings]).toEqual(['passed', []]);
    expect(notices(lab)).toMatch(
      /: the host withheld CPU from QEMU for 15 of 24 s; the boot says nothing, and is made again/,
    );
  });

  it('is the harness’s trouble where three in a row were so', async () => {
    const lab = await starvedLab((number) => number > 2);
    const record = await lab.run({ jobs: 1 });
    expect([record.verdict, record.problem?.code]).toEqual(['error', 'host-starved']);
    expect(codesOf(record)).toEqual(['host-starved']);
  });
});
