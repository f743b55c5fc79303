import type { ChalkInstance } from 'chalk';
import { type Clock, systemClock } from '../core/clock.ts';
import type { EventSink, RunEvent } from '../model/event.ts';
import type { StepRecord, Verdict } from '../model/record.ts';
import { coloursFor, isLive, type TextOutput } from './colour.ts';
import { countsText, remarkableLines } from './configuration-text.ts';
import { caseLine } from './conformance-text.ts';
import { durationText, oneLine } from './text.ts';

interface Progress {
  phase: string;
  since: number;
  done: number;
  total: number;
  states?: { decided: number; all: number } | undefined;
}

/**
 * Shows a run to people: a line for each finished thing and, on a terminal, one live line with what is going on,
 * the boots done and left, and how long the rest will take. `end` removes the live line.
 */
export class Terminal implements Disposable {
  private readonly runs = new Map<string, Progress>();
  private readonly live: boolean;
  private readonly colour: ChalkInstance;
  private readonly output: TextOutput;
  private readonly clock: Clock;
  private readonly ticker: NodeJS.Timeout | undefined;

  constructor(output: TextOutput, environment: NodeJS.ProcessEnv = process.env, clock: Clock = systemClock) {
    this.output = output;
    this.clock = clock;
    this.live = isLive(output, environment);
    this.colour = coloursFor(output, environment);
    this.ticker = this.live ? setInterval(() => this.draw(), 1000).unref() : undefined;
  }

  readonly sink: EventSink = (event) => {
    const line = this.take(event);
    if (line !== undefined) this.print(line);
    else this.draw();
  };

  /** Prints one line above the live one. */
  print(line: string): void {
    this.output.write(`${this.live ? clearLine : ''}${line}\n`);
    this.draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.ticker);
    if (this.live) this.output.write(clearLine);
    this.runs.clear();
  }

  private take(event: RunEvent): string | undefined {
    const { bold, dim, yellow } = this.colour;
    const label = dim(`[${runLabel(event.run)}]`);
    const progress = this.runs.get(event.run);
    switch (event.type) {
      case 'run-started':
        this.runs.set(event.run, { phase: 'starting', since: this.clock.now(), done: 0, total: 0 });
        return `${label} ${bold(`${oneLine(event.scenario)} on ${oneLine(event.machine)}`)}`;
      case 'phase':
        this.runs.set(event.run, { phase: oneLine(event.phase), since: this.clock.now(), done: 0, total: 0 });
        return `${label} ${oneLine(event.phase)}: ${oneLine(event.detail)}`;
      case 'step':
        return `${label} ${this.stepText(event.step, event.path.join('->'))}`;
      case 'configuration': {
        const remarkable = remarkableLines(event.table);
        if (remarkable.length === 0) return undefined;
        const files = `${countsText(event.table)}: ${remarkable.join('; ')}`;
        return `${label} ${oneLine(event.path.join('->'))}: ${oneLine(`${event.table.check}: ${files}`, 600)}`;
      }
      case 'cuts-planned':
        this.runs.set(event.run, {
          phase: progress?.phase ?? 'power cuts',
          since: this.clock.now(),
          done: 0,
          total: event.total,
        });
        return undefined;
      case 'cut': {
        if (progress !== undefined) {
          progress.done = event.done;
          progress.states = event.states;
        }
        const { cut } = event;
        const count = event.total === 0 ? `boot ${event.done}` : `${event.done}/${event.total}`;
        const again = cut.stage === 'retry' ? ' done again' : '';
        const others = (cut.decides ?? 1) > 1 ? `, decides ${cut.decides} states${again}` : '';
        const what = `${cut.during} ${cut.upgrade}, ${cut.description}: ${cut.outcome}`;
        return `${label} ${this.mark(cut.verdict)} ${count} ${oneLine(what)}${others} ${dim(cut.booted === undefined ? durationText(cut.seconds) : 'by an earlier run')}`;
      }
      case 'case':
        if (progress !== undefined) progress.done = event.done;
        return `${label} ${event.done}/${event.total} ${caseLine(event.case, this.colour)}`;
      case 'notice':
        return `${label} ${yellow('note:')} ${oneLine(event.message, 600)}`;
      case 'run-finished':
        this.runs.delete(event.run);
        return `${label} ${this.mark(event.verdict)} ${bold(event.verdict)} after ${durationText(event.seconds)}`;
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
    if (!this.live || this.runs.size === 0) return;
    const width = Math.max(20, (this.output.columns ?? 80) - 1);
    const line = [...this.runs].map(([run, progress]) => this.progressText(run, progress)).join(' | ');
    const shown = line.length > width ? `${line.slice(0, width - 3)}...` : line;
    this.output.write(`${clearLine}${this.colour.cyan(shown)}`);
  }

  private progressText(run: string, { phase, since, done, total, states }: Progress): string {
    const seconds = (this.clock.now() - since) / 1000;
    if (states !== undefined)
      return `${runLabel(run)}: ${phase}, ${done} boots have decided ${states.decided} of ${states.all} states, ${durationText(Math.floor(seconds))}`;
    if (total === 0) return `${runLabel(run)}: ${phase}, ${durationText(Math.floor(seconds))}`;
    const left =
      done === 0
        ? 'no estimate yet'
        : `about ${durationText(Math.ceil((seconds / done) * (total - done)))} left`;
    return `${runLabel(run)}: ${phase} ${done}/${total} boots, ${left}`;
  }
}

/** Back to the line's beginning, and erase it (ECMA-48: CR, EL 2). */
const clearLine = '\r\u001b[2K';

/** The run's id without its time. */
function runLabel(run: string): string {
  return oneLine(run.replace(/^\d{8}T\d{6}Z-/, ''), 60);
}
