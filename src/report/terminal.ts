import type { ChalkInstance } from 'chalk';
import { type Clock, systemClock } from '../core/clock.ts';
import type { EventSink, RunEvent } from '../model/event.ts';
import type { StepRecord, Verdict } from '../model/record.ts';
import { coloursFor, type TextOutput, type View, viewFor } from './colour.ts';
import { countsText, remarkableLines } from './configuration-text.ts';
import { caseLine } from './conformance-text.ts';
import { LiveView, runLabel } from './live-view.ts';
import { durationText, oneLine } from './text.ts';

/** What a terminal needs to know besides where it writes. */
export interface TerminalOptions {
  /** Default: what the output is fit for. */
  view?: View;
  environment?: NodeJS.ProcessEnv;
  clock?: Clock;
}

/**
 * Shows a run to people. Plain: a line for each finished thing. Live: a line for each phase and for all that is not as it
 * should be, and below them, drawn again each second, what goes on. Quiet: nothing.
 */
export class Terminal implements Disposable {
  private readonly view: View;
  private readonly live = new LiveView();
  private readonly colour: ChalkInstance;
  private readonly output: TextOutput;
  private readonly clock: Clock;
  private readonly ticker: NodeJS.Timeout | undefined;
  /** Lines of the drawing that is on the screen. */
  private drawn = 0;
  /** Ways to fail that were shown: each is shown once. */
  private readonly shown = new Set<string>();

  constructor(
    output: TextOutput,
    { view, environment = process.env, clock = systemClock }: TerminalOptions = {},
  ) {
    this.output = output;
    this.clock = clock;
    this.view = view ?? viewFor({}, output, environment);
    this.colour = coloursFor(output, environment);
    this.ticker = this.view === 'live' ? setInterval(() => this.draw(), 1000).unref() : undefined;
  }

  readonly sink: EventSink = (event) => {
    if (this.view === 'quiet') return;
    this.live.take(event, this.clock.now());
    const line = this.isWorthALine(event) ? this.lineOf(event) : undefined;
    if (line !== undefined) this.print(line);
    else this.draw();
  };

  /** Prints one line above the drawing. */
  private print(line: string): void {
    this.output.write(`${this.wiped()}${line}\n`);
    this.draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.ticker);
    this.output.write(this.wiped());
  }

  /** On a screen that shows what goes on, what went as it should needs no line of its own. */
  private isWorthALine(event: RunEvent): boolean {
    if (this.view !== 'live') return true;
    if (event.type === 'step') return event.step.verdict !== 'passed';
    if (event.type !== 'cut') return true;
    const { verdict, outcome, during } = event.cut;
    if (verdict === 'passed' || event.mustFail === true) return false;
    const way = `${event.run} ${during} ${outcome}`;
    if (this.shown.has(way)) return false;
    this.shown.add(way);
    return true;
  }

  private lineOf(event: RunEvent): string | undefined {
    const { bold, dim, yellow } = this.colour;
    const label = dim(`[${runLabel(event.run)}]`);
    switch (event.type) {
      case 'run-started':
        return `${label} ${bold(`${oneLine(event.scenario)} on ${oneLine(event.machine)}`)}`;
      case 'phase':
        return `${label} ${oneLine(event.phase)}: ${oneLine(event.detail)}`;
      case 'step':
        return `${label} ${this.stepText(event.step, event.path.join('->'))}`;
      case 'configuration': {
        const remarkable = remarkableLines(event.table);
        if (remarkable.length === 0) return undefined;
        const files = `${countsText(event.table)}: ${remarkable.join('; ')}`;
        return `${label} ${oneLine(event.path.join('->'))}: ${oneLine(`${event.table.check}: ${files}`, 600)}`;
      }
      case 'cut': {
        const { cut, mustFail = false } = event;
        const count = event.total === 0 ? `boot ${event.done}` : `${event.done}/${event.total}`;
        const again = cut.stage === 'retry' ? ' done again' : '';
        const others = (cut.decides ?? 1) > 1 ? `, decides ${cut.decides} states${again}` : '';
        const what = `${cut.during} ${cut.upgrade}, ${cut.description}: ${cut.outcome}`;
        const isMeant = mustFail && cut.verdict === 'failed';
        const mark = this.mark(isMeant ? 'passed' : cut.verdict);
        const meant = isMeant ? ', not whole, as it must be without flushes' : '';
        const took = cut.booted === undefined ? durationText(cut.seconds) : 'by an earlier run';
        return `${label} ${mark} ${count} ${oneLine(what)}${others}${meant} ${dim(took)}`;
      }
      case 'case':
        return `${label} ${event.done}/${event.total} ${caseLine(event.case, this.colour)}`;
      case 'notice':
        return `${label} ${yellow('note:')} ${oneLine(event.message, 600)}`;
      case 'run-finished':
        return `${label} ${this.mark(event.verdict)} ${bold(event.verdict)} after ${durationText(event.seconds)}`;
      case 'cuts-planned':
      case 'boot':
        return undefined;
    }
  }

  private stepText(step: StepRecord, path: string): string {
    const why = step.problem === undefined ? '' : `: ${oneLine(step.problem.message)}`;
    const time = step.seconds < 0.05 ? '' : ` ${this.colour.dim(durationText(step.seconds))}`;
    return `${this.mark(step.verdict)} ${oneLine(path)}: ${oneLine(step.name)}${why}${time}`;
  }

  private mark(verdict: Verdict): string {
    const { green, red, magenta, yellow } = this.colour;
    if (verdict === 'passed') return green('ok');
    if (verdict === 'failed') return red('FAILED');
    if (verdict === 'known') return yellow('KNOWN');
    return verdict === 'error' ? magenta('ERROR') : yellow('UNKNOWN');
  }

  private draw(): void {
    if (this.view !== 'live') return;
    const size = {
      columns: Math.max(20, (this.output.columns ?? 80) - 1),
      rows: Math.max(2, (this.output.rows ?? 24) - 4),
    };
    const lines = this.live.lines(this.clock.now(), size, this.colour);
    const text = this.wiped() + lines.join('\n');
    this.drawn = lines.length;
    this.output.write(text);
  }

  /** Back to where the drawing begins, and erase it (ECMA-48: CR, CUU, ED 0). */
  private wiped(): string {
    if (this.view !== 'live') return '';
    const up = this.drawn > 1 ? `\u001b[${this.drawn - 1}A` : '';
    this.drawn = 0;
    return `\r${up}\u001b[J`;
  }
}
