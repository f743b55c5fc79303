import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/model/event.ts';
import { plain } from '../../../src/report/colour.ts';
import { LiveView } from '../../../src/report/live-view.ts';
import { cut, step } from './records.ts';

const run = '20261121T034500Z-ab-upgrade-qemuarm64';
const begun: RunEvent[] = [
  { type: 'run-started', run, scenario: 'RAUC', machine: 'qemuarm64', folder: '/r' },
  { type: 'phase', run, phase: 'power cuts', detail: 'every crash state' },
];
const size = { columns: 79, rows: 20 };
function view(...events: [number, RunEvent][]): LiveView {
  const live = new LiveView();
  for (const event of begun) live.take(event, 0);
  for (const [at, event] of events) live.take(event, at * 1000);
  return live;
}
const boot = (id: string, doing: 'starts' | 'is looked at' | 'ended', of?: string): RunEvent => ({
  ...{ type: 'boot', run, id, doing },
  ...(of === undefined ? {} : { of }),
});

describe('the live view', () => {
  it('shows how far each kind of state is, what boots are at, and how long one takes', () => {
    const states = {
      ...{ decided: 1061, all: 1063 },
      kinds: [
        { kind: 'prefix', decided: 61, all: 63 },
        { kind: 'lost', decided: 1000, all: 1000 },
      ],
    };
    const live = view(
      [10, boot('p1.4', 'starts', 'install 1.0->1.1, after write 4 of 9')],
      [20, { type: 'cut', run, done: 4, total: 0, cut: cut('p1.3', { verdict: 'failed' }), states }],
      [30, boot('p1.4', 'is looked at')],
    );
    expect(live.lines(40_000, size, plain)).toEqual([
      'ab-upgrade-qemuarm64: power cuts, 4 boots, 99 % decided; 1 not as promised, ...',
      '  prefix ███████████████████░  96 %  61 of 63',
      '  lost   ████████████████████ 100 %  1,000 of 1,000',
      '  is looked at, 10.0 s: install 1.0->1.1, after write 4 of 9',
    ]);
    expect(live.lines(40_000, { columns: 159, rows: 20 }, plain)[0]).toBe(
      'ab-upgrade-qemuarm64: power cuts, 4 boots, 99 % decided; 1 not as promised, 40.0 s, 10.0 s each',
    );
    live.take(boot('p1.4', 'ended'), 50_000);
    expect(live.lines(50_000, size, plain)).toHaveLength(3);
  });

  it('says what was done last while an upgrade is recorded', () => {
    const live = view([5, { type: 'step', run, path: ['1.0', '1.1'], step: step('install') }]);
    expect(live.lines(6000, size, plain)).toEqual([
      'ab-upgrade-qemuarm64: power cuts, 6.0 s; done: 1.0->1.1: install',
    ]);
  });

  it('has no more lines than there is room for, nor longer ones', () => {
    const live = view();
    for (let n = 0; n < 30; n += 1) {
      live.take({ type: 'run-started', run: `r${n}`, scenario: 'x', machine: 'm', folder: '/r' }, 0);
      live.take({ ...boot(`p${n}`, 'starts', 'y'.repeat(500)), run: `r${n}` }, 0);
    }
    const lines = live.lines(1000, { columns: 40, rows: 10 }, plain);
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe('  52 lines more have no room here');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it('forgets a run that has ended', () => {
    const live = view([1, { type: 'run-finished', run, verdict: 'passed', seconds: 1 }]);
    expect(live.lines(2000, size, plain)).toEqual([]);
  });
});
