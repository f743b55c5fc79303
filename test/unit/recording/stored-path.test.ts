import { describe, expect, it } from 'vitest';
import { stepOf } from '../../../src/model/step-of-text.ts';
import { momentTitles, plainMoments, type StepId, stepKey, stepText } from '../../../src/model/steps.ts';
import { pathSchema } from '../../../src/recording/stored-path.ts';

const releases = ['1.0', '1.1', '1.10'];
const upgrade = '1.1->1.10';
const rest = { verdict: 'passed', seconds: 1 } as const;

/** Every step of a path without a cut, by its text. */
const steps: [string, StepId][] = [
  ['boot 1.0', { moment: 'in-service', check: 'boot 1.0' }],
  ['come to 1.1', { moment: 'in-service', check: 'come to 1.1' }],
  ['look', { moment: 'in-service', check: 'look' }],
  ['provision', { moment: 'in-service', check: 'provision' }],
  ['installed: install', { moment: 'installed', check: 'install' }],
  ['installed: failed units', { moment: 'installed', check: 'failed units' }],
  ['installed, rebooted: boots', { moment: 'installed-rebooted', check: 'boots' }],
  ['1.0->1.1 shutdown', { moment: 'upgrade', upgrade: '1.0->1.1', check: 'shutdown' }],
  ['1.1->1.10 no beta: boots', { moment: 'faulty', upgrade, fault: 'no beta', check: 'boots' }],
  ['1.1->1.10 no beta: repaired', { moment: 'faulty', upgrade, fault: 'no beta', check: 'repaired' }],
  ['1.1->1.10 x: repaired: boots', { moment: 'repaired', upgrade, fault: 'x', check: 'boots' }],
  ['1.1->1.10 install', { moment: 'upgrade', upgrade, check: 'install' }],
  ['1.1->1.10 before reboot: up', { moment: 'before-reboot', upgrade, check: 'up' }],
  ['1.1->1.10 first boot', { moment: 'upgrade', upgrade, check: 'first boot' }],
  ['1.1->1.10 fallback', { moment: 'upgrade', upgrade, check: 'fallback' }],
  ['confirmed: start 1', { moment: 'confirmed', check: 'start 1' }],
  ['rollback', { moment: 'rollback', check: 'rollback' }],
  ['rollback: release', { moment: 'rolled-back', check: 'release' }],
  ['removed: gone', { moment: 'removed', check: 'gone' }],
  ['reinstalled: release', { moment: 'reinstalled', check: 'release' }],
  ['reinstalled, rebooted: kernel', { moment: 'reinstalled-rebooted', check: 'kernel' }],
];

describe('the steps of a stored path', () => {
  it.each(steps)('"%s": the text is made from the id, and the id is found by the text', (text, id) => {
    expect(stepText(id)).toBe(text);
    expect(stepOf(text, releases)).toEqual(id);
  });

  it('are of every moment that has a text of its own on a path', () => {
    const told = new Set(steps.map(([, { moment }]) => moment));
    const titled = plainMoments.filter((moment) => momentTitles[moment] !== undefined);
    // After a cut: cuts are not stored.
    expect(titled.filter((moment) => !told.has(moment))).toEqual(['retried']);
  });

  it('are told apart by their ids', () => {
    expect(new Set(steps.map(([, id]) => stepKey(id))).size).toBe(steps.length);
  });

  it('have the ids that were stored, whatever their texts say', () => {
    const id = { moment: 'rolled-back', check: 'release' } as const;
    const stored = {
      releases,
      steps: [{ id, name: 'another language', ...rest }],
      configuration: [{ id, check: 'another language', files: [] }],
    };
    expect(pathSchema.parse(stored)).toEqual(stored);
  });

  it('have ids where an older program stored texts', () => {
    const found = pathSchema.parse({
      releases,
      steps: [{ name: 'rollback: release', ...rest }],
      configuration: [{ step: 'rollback: configuration', files: [] }],
    });
    expect(found.steps.map(({ id }) => id)).toEqual([{ moment: 'rolled-back', check: 'release' }]);
    expect(found.configuration?.map(({ id }) => id)).toEqual([
      { moment: 'rolled-back', check: 'configuration' },
    ]);
  });

  it('are refused where an id is of no known moment', () => {
    const id = { moment: 'sometime', check: 'release' };
    expect(pathSchema.safeParse({ releases, steps: [{ id, name: 'x', ...rest }] }).success).toBe(false);
  });
});
