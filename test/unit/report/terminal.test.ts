import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import type { EventSink } from '../../../src/model/event.ts';
import { Terminal } from '../../../src/report/terminal.ts';
import { cut, failure, fate, motleyFiles, step } from './records.ts';

const run = '20261121T034500Z-ab-upgrade-qemuarm64';

class Capture {
  text = '';
  readonly columns: number;
  readonly isTTY: boolean;
  constructor(isTTY: boolean, columns = 100) {
    this.isTTY = isTTY;
    this.columns = columns;
  }
  write(text: string): void {
    this.text += text;
  }
}

function show(
  output: Capture,
  environment: NodeJS.ProcessEnv,
  events: (sink: EventSink, pass: (ms: number) => void) => void,
): string {
  let now = 0;
  const clock: Clock = { now: () => now, sleep: () => Promise.resolve() };
  const terminal = new Terminal(output, environment, clock);
  events(terminal.sink, (ms) => {
    now += ms;
  });
  terminal[Symbol.dispose]();
  return output.text;
}

function story(sink: EventSink, pass: (ms: number) => void): void {
  sink({ type: 'run-started', run, scenario: 'RAUC', machine: 'qemuarm64', folder: '/r' });
  sink({ type: 'phase', run, phase: 'upgrade', detail: 'every path' });
  sink({ type: 'step', run, path: ['1.0', '1.1'], step: step('install') });
  sink({ type: 'step', run, path: ['1.0', '1.1'], step: step('confirm', failure('x', 'said \u001b[2Jno')) });
  sink({ type: 'phase', run, phase: 'power cuts', detail: '4 to boot' });
  sink({ type: 'cuts-planned', run, total: 4 });
  pass(30_000);
  sink({ type: 'cut', run, done: 1, total: 4, cut: cut('p1.4.none') });
  sink({ type: 'notice', run, message: 'slow' });
  sink({ type: 'run-finished', run, verdict: 'failed', seconds: 65 });
}

describe('Terminal', () => {
  it('prints plain lines where there is no terminal', () => {
    expect(show(new Capture(false), {}, story).split('\n')).toEqual([
      '[ab-upgrade-qemuarm64] RAUC on qemuarm64',
      '[ab-upgrade-qemuarm64] upgrade: every path',
      '[ab-upgrade-qemuarm64] ok 1.0->1.1: install 1.5 s',
      '[ab-upgrade-qemuarm64] FAILED 1.0->1.1: confirm: said no 1.5 s',
      '[ab-upgrade-qemuarm64] power cuts: 4 to boot',
      '[ab-upgrade-qemuarm64] ok 1/4 install 1.0->1.1, after write 4 of 9; lost: 3, 4: old in A 31.4 s',
      '[ab-upgrade-qemuarm64] note: slow',
      '[ab-upgrade-qemuarm64] FAILED failed after 1m05s',
      '',
    ]);
  });

  it("says which of the owner's files are not simply as they should be", () => {
    const text = show(new Capture(false), {}, (sink) => {
      const table = { ...motleyFiles(), files: [fate('/etc/hosts')] };
      sink({ type: 'configuration', run, path: ['1.0', '1.1'], table });
      sink({ type: 'configuration', run, path: ['1.0', '1.1'], table: motleyFiles() });
    });
    expect(text).toBe(
      '[ab-upgrade-qemuarm64] 1.0->1.1: 1.0->1.1 configuration: 1 preserved, 1 default, 1 replaced with copy, 1 lost; ' +
        '1 spurious copy: /etc/app.conf: replaced with copy, what the owner had is in /etc/app.conf.rpmsave ' +
        '(edited, default changed); /etc/evil: lost (edited)\n',
    );
  });

  it('keeps one live line on a terminal, with boots and the time left', () => {
    const text = show(new Capture(true), {}, story);
    expect(text).toContain('ab-upgrade-qemuarm64: power cuts 0/4 boots, no estimate yet');
    expect(text).toContain('ab-upgrade-qemuarm64: power cuts 1/4 boots, about 1m30s left');
    expect(text).toContain('\u001b[32mok');
    expect(text.endsWith('\r\u001b[2K')).toBe(true);
  });

  it('draws in no colour where NO_COLOR asks for it', () => {
    const text = show(new Capture(true), { NO_COLOR: '1' }, story);
    expect(text).toContain('\r\u001b[2K');
    expect(text).not.toMatch(/\u001b\[\d+m/);
  });

  it('is plain on a dumb terminal', () => {
    expect(show(new Capture(true), { TERM: 'dumb' }, story)).not.toContain('\u001b');
  });

  it('never lets the live line wrap', () => {
    const text = show(new Capture(true, 30), { NO_COLOR: '1' }, story);
    const drawn = text.split(/\r\u001b\[2K|\n/).filter((part) => part.startsWith('ab-upgrade'));
    expect(drawn.length).toBeGreaterThan(0);
    expect(Math.max(...drawn.map((part) => part.length))).toBeLessThanOrEqual(29);
  });
});
