import { describe, expect, it } from 'vitest';
import { timeAtStart } from '../../../src/model/device-clock.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

const start = '2030-05-06T07:08:09';

describe("a device's clock", () => {
  it('is as it was set after a cut where it has a battery, and has lost its time where it has none', () => {
    expect(timeAtStart('qemuarm64', { start, afterCut: 'kept' }, true)).toBe(start);
    expect(timeAtStart('qemuarm64', { start, afterCut: 'epoch' }, false)).toBe(start);
    expect(timeAtStart('qemuarm64', { start, afterCut: 'epoch' }, true)).toBe('1970-01-01T00:00:00');
    // A PC's firmware makes 2070 of 1970.
    expect(timeAtStart('qemux86-64', { start, afterCut: 'epoch' }, true)).toBe('2000-01-01T00:00:00');
  });

  it.each([
    ['[qemuarm64]', '1970-01-01T00:00:00', undefined],
    ['[qemuarm64, qemux86-64]', '1970-01-01T00:00:00', 'the clock of qemux86-64 says 2000 to 2069'],
    ['[qemux86-64]', '2069-12-31T23:59:59', undefined],
    ['[qemux86-64]', '2070-01-01T00:00:00', 'the clock of qemux86-64 says 2000 to 2069'],
    ['[qemuarm64]', '2106-01-01T00:00:00', 'the clock of qemuarm64 says 1970 to 2105'],
  ])('of %s may be set to %s, or cannot say so', (machines, time, message) => {
    const text = `name: n\nmachines: ${machines}\nimage: rauc-ab\nagent: rauc\nreleases: ["1.0", "2.0"]\nclock: { start: ${time} }\n`;
    const read = () => parseScenario(text, 's.yaml');
    if (message === undefined) expect(read().clock?.start).toBe(time);
    else expect(read).toThrow(message);
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
