import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import type { EventSink } from '../../../src/model/event.ts';
import { viewFor } from '../../../src/report/colour.ts';
import { Terminal } from '../../../src/report/terminal.ts';
import { cut, failure, fate, motleyFiles, step } from './records.ts';

const run = '20261121T034500Z-ab-upgrade-qemuarm64';

class Capture {
  text = '';
  readonly columns: number;
  readonly isTTY: boolean;
  readonly rows = 24;
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
  const terminal = new Terminal(output, { environment, clock });
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

/** What stays on a screen: the three sequences that the terminal writes are carried out. */
function screenOf(text: string): string[] {
  const lines = [''];
  let row = 0;
  for (const [part] of text.matchAll(/\r|\n|\u001b\[(?:\d+A|J)|[^\r\n\u001b]+/g)) {
    if (part === '\n') row += 1;
    else if (part.endsWith('A') && part.startsWith('\u001b')) row -= Number.parseInt(part.slice(2), 10);
    else if (part === '\u001b[J') lines.splice(row, lines.length, '');
    else if (part !== '\r') lines[row] = `${lines[row] ?? ''}${part}`;
    lines[row] ??= '';
  }
  return lines.filter((line) => line !== '');
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

  it('shows on a terminal what goes on, with boots and the time left, and takes it away in the end', () => {
    const text = show(new Capture(true), {}, story);
    expect(text).toContain('ab-upgrade-qemuarm64: power cuts 0/4, no estimate yet');
    expect(text).toContain('ab-upgrade-qemuarm64: power cuts 1/4, about 1m30s left');
    expect(text.endsWith('\r\u001b[J')).toBe(true);
  });

  it('gives a line of its own, on a terminal, to phases and to what is not as it should be', () => {
    const lines = screenOf(show(new Capture(true), { NO_COLOR: '1' }, story));
    expect(lines).toEqual([
      '[ab-upgrade-qemuarm64] RAUC on qemuarm64',
      '[ab-upgrade-qemuarm64] upgrade: every path',
      '[ab-upgrade-qemuarm64] FAILED 1.0->1.1: confirm: said no 1.5 s',
      '[ab-upgrade-qemuarm64] power cuts: 4 to boot',
      '[ab-upgrade-qemuarm64] note: slow',
      '[ab-upgrade-qemuarm64] FAILED failed after 1m05s',
    ]);
  });

  it('tells each way to fail once on a terminal, and each boot in a log', () => {
    const events = (sink: EventSink) => {
      sink({ type: 'run-started', run, scenario: 'RAUC', machine: 'qemuarm64', folder: '/r' });
      for (const done of [1, 2])
        sink({
          type: 'cut',
          run,
          done,
          total: 0,
          cut: cut(`p1.${done}`, { verdict: 'failed', outcome: 'gone' }),
        });
    };
    expect(screenOf(show(new Capture(true), { NO_COLOR: '1' }, events))).toHaveLength(2);
    expect(show(new Capture(false), {}, events).match(/FAILED/g)).toHaveLength(2);
  });

  it('does not call a failure what must not come back whole', () => {
    const red = {
      type: 'cut',
      run,
      done: 1,
      total: 0,
      cut: cut('p1.4', { verdict: 'failed' }),
      mustFail: true,
    } as const;
    const events = (sink: EventSink) => {
      sink({ type: 'run-started', run, scenario: 'RAUC', machine: 'qemuarm64', folder: '/r' });
      sink(red);
      sink({ ...red, cut: cut('p1.5', { verdict: 'error' }) });
    };
    const text = show(new Capture(false), {}, events);
    expect(text).not.toContain('FAILED');
    expect(text).toContain(
      '] ok boot 1 install 1.0->1.1, after write 4 of 9; lost: 3, 4: old in A, not whole, as it must be',
    );
    expect(text).toContain('] ERROR boot 1');
    expect(show(new Capture(true), {}, events)).not.toContain('not as promised');
  });

  it('is plain where a CI keeps what is written, and where it is asked to', () => {
    expect(viewFor({}, new Capture(true), {})).toBe('live');
    expect(viewFor({}, new Capture(true), { CI: 'true' })).toBe('plain');
    expect(viewFor({}, new Capture(true), { CI: 'false' })).toBe('live');
    expect(viewFor({ plain: true }, new Capture(true), {})).toBe('plain');
    expect(viewFor({}, new Capture(false), {})).toBe('plain');
    expect(viewFor({ quiet: true, plain: true }, new Capture(true), {})).toBe('quiet');
  });

  it('says nothing where it is to be quiet', () => {
    const output = new Capture(true);
    const terminal = new Terminal(output, { view: 'quiet', environment: {} });
    story(terminal.sink, () => undefined);
    terminal[Symbol.dispose]();
    expect(output.text).toBe('');
  });

  it('draws in no colour where NO_COLOR asks for it', () => {
    const text = show(new Capture(true), { NO_COLOR: '1' }, story);
    expect(text).toContain('\r\u001b[J');
    expect(text).not.toMatch(/\u001b\[\d+m/);
  });

  it('is plain on a dumb terminal', () => {
    expect(show(new Capture(true), { TERM: 'dumb' }, story)).not.toContain('\u001b');
  });

  it('never lets what it draws wrap', () => {
    const text = show(new Capture(true, 30), { NO_COLOR: '1' }, story);
    const drawn = text
      .split(/\r(?:\u001b\[\d+A)?\u001b\[J|\n/)
      .filter((part) => part.startsWith('ab-upgrade'));
    expect(drawn.length).toBeGreaterThan(0);
    expect(Math.max(...drawn.map((part) => part.length))).toBeLessThanOrEqual(29);
  });
});
