import { describe, expect, it } from 'vitest';
import { DeviceFailure, HarnessError } from '../../../src/core/errors.ts';
import { failed, passed } from '../../../src/oracle/check.ts';
import { Checklist, DeviceStopped } from '../../../src/runner/checklist.ts';

describe('Checklist', () => {
  it('notes a device failure and stops what builds on it', async () => {
    const list = new Checklist('/r');
    const work = list.step('boots', () =>
      Promise.reject(new DeviceFailure('boot-timeout', 'not within 60 s', { logPath: '/r/console/1.log' })),
    );
    await expect(work).rejects.toBeInstanceOf(DeviceStopped);
    expect(list.steps).toMatchObject([
      {
        name: 'boots',
        verdict: 'failed',
        problem: { kind: 'device', code: 'boot-timeout', log: 'console/1.log' },
      },
    ]);
  });

  it("never notes trouble of the harness as the device's", async () => {
    const list = new Checklist('/r');
    await expect(
      list.step('boots', () => Promise.reject(new HarnessError('qemu-died', 'killed'))),
    ).rejects.toThrow('killed');
    expect(list.steps).toEqual([]);
  });

  it('notes checks with what was found', () => {
    const list = new Checklist('/r');
    expect(list.check('release', passed('1.0 in slot A, whole'))).toBe(true);
    expect(list.check('configuration', failed('configuration-lost', '/etc/hostname is gone'))).toBe(false);
    expect(list.steps.map((step) => step.verdict)).toEqual(['passed', 'failed']);
  });
});
