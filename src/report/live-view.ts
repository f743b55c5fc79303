import type { ChalkInstance } from 'chalk';
import type { BootDoing, DecidedStates, RunEvent } from '../model/event.ts';
import { durationText, oneLine } from './text.ts';

interface Boot {
  of: string;
  doing: BootDoing;
  /** Milliseconds, by the view's clock: since when the device is at this. */
  since: number;
}

interface Progress {
  phase: string;
  /** What was done last in this phase. */
  last: string;
  since: number;
  done: number;
  /** 0 where nobody knows. */
  total: number;
  failed: number;
  states?: DecidedStates | undefined;
  boots: Map<string, Boot>;
}

/** Cells of a bar. */
const barCells = 20;
/** Boots that are shown of one run. */
const mostBoots = 4;

/** What goes on in each run, as a few lines that are drawn again and again. Pure but for what it is told. */
export class LiveView {
  private readonly runs = new Map<string, Progress>();

  /** Takes an event that came at `now`, in milliseconds of any clock. */
  take(event: RunEvent, now: number): void {
    const progress = this.runs.get(event.run);
    switch (event.type) {
      case 'run-started':
        this.runs.set(event.run, newProgress('starting', now));
        return;
      case 'phase':
        this.runs.set(event.run, { ...newProgress(event.phase, now), failed: progress?.failed ?? 0 });
        return;
      case 'step':
        if (progress !== undefined) progress.last = `${event.path.join('->')}: ${event.step.name}`;
        return;
      case 'cuts-planned':
        if (progress !== undefined) Object.assign(progress, { total: event.total, done: 0, since: now });
        return;
      case 'cut':
        if (progress === undefined) return;
        progress.done = event.done;
        progress.states = event.states;
        if (event.cut.verdict === 'failed' && event.mustFail !== true) progress.failed += 1;
        return;
      case 'boot':
        takeBoot(progress, event, now);
        return;
      case 'case':
        if (progress !== undefined)
          Object.assign(progress, {
            done: event.done,
            total: event.total,
            last: `${event.case.id} ${event.case.title}`,
          });
        return;
      case 'run-finished':
        this.runs.delete(event.run);
        return;
      case 'configuration':
      case 'notice':
    }
  }

  /** At most `rows` lines of at most `columns` characters; none where nothing runs. */
  lines(
    now: number,
    { columns, rows }: { columns: number; rows: number },
    { cyan, red, dim }: ChalkInstance,
  ): string[] {
    const lines: string[] = [];
    for (const [run, progress] of this.runs) {
      const cut = (text: string) => fit(oneLine(text, 4 * columns), columns);
      lines.push((progress.failed > 0 ? red : cyan)(cut(`${runLabel(run)}: ${headText(progress, now)}`)));
      lines.push(
        ...(progress.states === undefined ? [] : barLines(progress.states).map((text) => fit(text, columns))),
      );
      const boots = [...progress.boots.values()];
      lines.push(
        ...boots
          .slice(0, mostBoots)
          .map((boot) => dim(fit(`  ${oneLine(bootText(boot, now), 4 * columns)}`, columns))),
      );
      if (boots.length > mostBoots) lines.push(dim(`  and ${boots.length - mostBoots} boots more`));
    }
    return lines.length <= rows
      ? lines
      : [...lines.slice(0, rows - 1), dim(`  ${lines.length - rows + 1} lines more have no room here`)];
  }
}

function newProgress(phase: string, now: number): Progress {
  return { phase, last: '', since: now, done: 0, total: 0, failed: 0, boots: new Map() };
}

function takeBoot(progress: Progress | undefined, event: RunEvent & { type: 'boot' }, now: number): void {
  if (progress === undefined) return;
  const { id, doing, of } = event;
  if (doing === 'ended') progress.boots.delete(id);
  else progress.boots.set(id, { of: of ?? progress.boots.get(id)?.of ?? '', doing, since: now });
}

/** `power cuts, 12 boots in 3m20s, 16.7 s each: 2 not as promised` */
function headText({ phase, last, since, done, total, failed, states }: Progress, now: number): string {
  const seconds = (now - since) / 1000;
  const elapsed = durationText(Math.floor(seconds));
  const found = failed === 0 ? '' : `; ${failed} not as promised`;
  if (total > 0) {
    const left =
      done === 0
        ? 'no estimate yet'
        : `about ${durationText(Math.ceil((seconds / done) * (total - done)))} left`;
    return `${phase} ${done}/${total}, ${left}${found}${done > 0 && last !== '' ? `; ${last}` : ''}`;
  }
  if (done > 0) {
    const decided = states === undefined ? '' : `, ${percent(states)} decided`;
    const each = done > 1 ? `, ${durationText(seconds / done)} each` : '';
    return `${phase}, ${done} boot${done === 1 ? '' : 's'}${decided}${found}, ${elapsed}${each}`;
  }
  return `${phase}, ${elapsed}${last === '' ? '' : `; done: ${last}`}`;
}

/** One for each kind of state, or for all where kinds were not counted. */
function barLines({ kinds = [], decided, all }: DecidedStates): string[] {
  const bars = kinds.length > 0 ? kinds : [{ kind: 'states', decided, all }];
  const width = Math.max(...bars.map(({ kind }) => kind.length));
  return bars.map((bar) => {
    const share = bar.all === 0 ? 1 : bar.decided / bar.all;
    const full = Math.floor(share * barCells);
    const drawn = `${'█'.repeat(full)}${'░'.repeat(barCells - full)}`;
    const counts = `${bar.decided.toLocaleString('en-US')} of ${bar.all.toLocaleString('en-US')}`;
    return `  ${bar.kind.padEnd(width)} ${drawn} ${percent(bar).padStart(5)}  ${counts}`;
  });
}

/** Nothing is 100 % before it is all. */
function percent({ decided, all }: { decided: number; all: number }): string {
  return `${all === 0 ? 100 : Math.floor((decided / all) * 100)} %`;
}

function bootText({ of, doing, since }: Boot, now: number): string {
  return `${doing}, ${durationText(Math.floor((now - since) / 1000))}: ${of}`;
}

/** What has room on a line. */
function fit(text: string, columns: number): string {
  return text.length > columns ? `${text.slice(0, Math.max(0, columns - 3))}...` : text;
}

/** The run's id without its time. */
export function runLabel(run: string): string {
  return oneLine(run.replace(/^\d{8}T\d{6}Z-/, ''), 60);
}
