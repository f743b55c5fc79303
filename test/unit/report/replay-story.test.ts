import { describe, expect, it } from 'vitest';
import { type PlannedReplay, replayBegin, replayLine } from '../../../src/report/replay-story.ts';

const planned: PlannedReplay = {
  scenario: 'Gate\u001b[2Jway',
  machine: 'qemuarm64',
  upgrade: '1.0->2.0',
  during: 'install',
  description: 'after write 23 of 49, nothing lost',
  reason: 'the rename is on the disk, the contents are not',
  bootsWithinMs: 120_000,
  retry: true,
};

describe('a replay explains', () => {
  it('which cut it is, what was found then, and what is about to happen', () => {
    expect(replayBegin(planned)).toEqual([
      'Gateway on qemuarm64: one power cut, once more',
      '  The power failed during install of 1.0->2.0, after write 23 of 49, nothing lost.',
      '  Found then: the rename is on the disk, the contents are not',
      '  The device is started with the disks that this left, and must come back whole. Then the upgrade is done again.',
    ]);
    expect(replayBegin({ ...planned, reason: '', retry: false })).toHaveLength(3);
  });

  it('what the device is at, and when it came to that', () => {
    expect(replayLine('starts', 0, planned)).toBe(
      '    0.0 s  power on: firmware, boot loader, kernel; a login must come within 2m00s',
    );
    expect(replayLine('is looked at', 21.44, planned)).toMatch(
      /^ {3}21\.4 s {2}logged in: which release runs/,
    );
    expect(replayLine('upgrades again', 70, planned)).toMatch(/^ {4}1m10s {2}it has come back whole/);
    expect(replayLine('ended', 80, planned)).toBeUndefined();
  });
});
