import { describe, expect, it } from 'vitest';
import { timeAtStart } from '../../../src/model/device-clock.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

const start = '2030-05-06T07:08:09';

describe("a device's clock", () => {
  it('is as it was set after a cut where it has a battery, and at 1970 where it has none', () => {
    expect(timeAtStart({ start, afterCut: 'kept' }, true)).toBe(start);
    expect(timeAtStart({ start, afterCut: 'epoch' }, false)).toBe(start);
    expect(timeAtStart({ start, afterCut: 'epoch' }, true)).toBe('1970-01-01T00:00:00');
  });

  it.each([
    ['{ start: 2030-13-01T00:00:00 }', 'a date and time in UTC: 2026-01-01T00:00:00'],
    ['{ start: tomorrow }', 'a date and time in UTC: 2026-01-01T00:00:00'],
    ['{ afterCut: epok }', 'did you mean "epoch"'],
  ])('is refused in a scenario where it is none: %s', (clock, message) => {
    const text = `name: n\nmachines: [qemuarm64]\nimage: rauc-ab\nagent: rauc\nreleases: ["1.0"]\nclock: ${clock}\n`;
    expect(() => parseScenario(text, 's.yaml')).toThrow(message);
  });
});
