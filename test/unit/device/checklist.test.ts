import { describe, expect, it } from 'vitest';
import { DeviceFailure, HarnessError } from '../../../src/core/errors.ts';
import { Checklist, DeviceStopped } from '../../../src/device/checklist.ts';
import { failed, passed } from '../../../src/oracle/check.ts';

const checklist = (starved?: HarnessError) =>
  new Checklist({
    folder: '/r',
    device: { consolePath: () => '/r/console/main.2.log', starved: () => starved },
  });

const boots = { moment: 'installed', check: 'boots' } as const;

describe('Checklist', () => {
  it('notes a device failure and stops what builds on it', async () => {
    const list = checklist();
    const work = list.step(boots, () =>
      Promise.reject(new DeviceFailure('boot-timeout', 'not within 60 s', { logPath: '/r/console/1.log' })),
    );
    await expect(work).rejects.toBeInstanceOf(DeviceStopped);
    expect(list.steps).toMatchObject([
      {
        id: boots,
        name: 'installed: boots',
        verdict: 'failed',
        problem: { kind: 'device', code: 'boot-timeout', log: 'console/1.log' },
        console: 'console/main.2.log',
      },
    ]);
  });

  it('notes what is no achievement only where it fails', async () => {
    const list = checklist();
    expect(await list.guard({ moment: 'rolled-back', check: 'look' }, () => Promise.resolve(7))).toBe(7);
    expect(list.steps).toEqual([]);
    const work = list.guard({ moment: 'rolled-back', check: 'look' }, () =>
      Promise.reject(new DeviceFailure('observe-timeout', 'hangs')),
    );
    await expect(work).rejects.toBeInstanceOf(DeviceStopped);
    expect(list.steps).toMatchObject([{ name: 'rollback: look', verdict: 'failed' }]);
  });

  it("never notes trouble of the harness as the device's", async () => {
    const list = checklist();
    await expect(
      list.step(boots, () => Promise.reject(new HarnessError('qemu-died', 'killed'))),
    ).rejects.toThrow('killed');
    expect(list.steps).toEqual([]);
  });

  it('notes checks with what was found', () => {
    const list = checklist();
    expect(list.check({ moment: 'after-cut', check: 'release' }, passed('1.0 in slot A, whole'))).toBe(true);
    expect(
      list.check(
        { moment: 'after-cut', check: 'configuration' },
        failed('configuration-lost', '/etc/hostname is gone'),
      ),
    ).toBe(false);
    expect(list.steps.map((step) => step.verdict)).toEqual(['passed', 'failed']);
  });

  it.each([
    ['release-unexpected', true],
    ['start-up-stopped', true],
    ['release-mixed', false],
  ])('on a host that kept the CPU from the device, %s says nothing: %s', (code, isOfTime) => {
    const starved = new HarnessError('host-starved', 'the host withheld CPU');
    const list = checklist(starved);
    const noted = () => list.check({ moment: 'installed', check: 'release' }, failed(code, 'it runs 1.0'));
    if (isOfTime) expect(noted).toThrow(starved);
    else expect(noted()).toBe(false);
    expect(list.steps).toHaveLength(isOfTime ? 0 : 1);
  });
});
