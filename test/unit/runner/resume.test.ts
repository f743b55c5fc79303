import { describe, expect, it } from 'vitest';
import { exitCodeOfRuns } from '../../../src/cli/exit-code.ts';
import { type Asked, codesOf, type Lab, slotLab } from '../../support/simulated/lab.ts';
import { made } from '../../support/simulated/workers.ts';

const resuming: Asked = { limits: { reuse: true }, recordings: { resume: true } };

function notices({ events }: Lab): string {
  return events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])).join('\n');
}

describe('a run that is to go on with an earlier one', { timeout: 60_000 }, () => {
  it('ends where none was begun, and boots nothing', async () => {
    const lab = await slotLab();
    const record = await lab.run(resuming);
    expect(codesOf(record)).toEqual(['nothing-to-resume']);
    expect(record.problem).toMatchObject({
      message: 'no run of "Simulated" has recorded a path to its end: there is nothing to go on with',
      hint: 'the same command without --resume begins anew',
    });
    expect(exitCodeOfRuns([record])).toBe(2);
    expect(record.paths).toEqual([]);
  });

  it('goes on with another seed and budget, boots nothing again, and says in what another scenario or image differs', async () => {
    const lab = await slotLab();
    const whole = await lab.run({ limits: { reuse: true } });
    const again = await lab.run(resuming);
    expect(again.verdict).toBe('passed');
    expect(made(again)).toEqual([]);
    const other = await lab.run({
      ...resuming,
      seed: '2',
      limits: { reuse: true, budgetMs: 600_000 },
    });
    expect(other.verdict).toBe('passed');
    expect(other.crash?.decided).toEqual(whole.crash?.decided);
    expect(made(other).filter(({ stage, decides = 0 }) => stage === 'whole' && decides > 0)).toEqual([]);

    const { manifest } = lab;
    lab.manifest = { ...manifest, key: 'another' };
    const otherImage = await lab.run(resuming);
    expect(codesOf(otherImage)).toEqual(['nothing-to-resume']);
    expect(otherImage.problem?.message).toContain('was made with other image content');
    expect(exitCodeOfRuns([otherImage])).toBe(2);
    lab.manifest = manifest;

    await lab.scenario({ provision: [{ write: { path: '/etc/hostname', content: 'another\n' } }] });
    const otherScenario = await lab.run(resuming);
    expect(otherScenario.problem?.message).toContain(
      'the earlier run of 1.0->1.1 was made with other provision',
    );
    // Without the option it begins anew, and says so.
    lab.events.length = 0;
    const anew = await lab.run({ limits: { reuse: true }, recordings: { only: true } });
    expect(anew.problem).toBeUndefined();
    expect(notices(lab)).toContain(
      '1.0->1.1: recorded anew, since the recording of an earlier run was made with other provision, configuration; its boots do not count',
    );
  });
});
