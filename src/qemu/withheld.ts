import { readdirSync, readFileSync } from 'node:fs';

/** What the host's scheduler has said of a process at one moment. */
export interface SchedulerSample {
  /** Monotonic milliseconds. */
  at: number;
  /** Whether a signal or a debugger had stopped it. */
  stopped: boolean;
  /** Of each thread, milliseconds for which it could have run and did not, since it began. */
  waitedMs: ReadonlyMap<string, number>;
}

/** Of a time in milliseconds, how much the host withheld. */
export interface Stretch {
  passedMs: number;
  withheldMs: number;
}

/** How often the host is asked, in milliseconds. */
const sampleMs = 500;
/** How long a stretch is at least, in milliseconds. */
const stretchMs = 10_000;

/** Of stretches one after the other, or which overlap, the one of which the host withheld the greatest share. */
export class WorstStretch {
  /** Where the host stood at the moments of the last stretch. */
  private readonly moments: { at: number; withheldMs: number }[] = [];
  private worst: Stretch | undefined;

  /** Undefined as long as no stretch was long enough. */
  get stretch(): Stretch | undefined {
    return this.worst;
  }

  /** What the host had withheld altogether at a moment; moments come in order. */
  add(at: number, withheldMs: number): void {
    const { moments } = this;
    moments.push({ at, withheldMs });
    while ((moments[1]?.at ?? at) <= at - stretchMs) moments.shift();
    const [first] = moments;
    if (first === undefined || first.at > at - stretchMs) return;
    this.worst = worse(this.worst, { passedMs: at - first.at, withheldMs: withheldMs - first.withheldMs });
  }
}

/** The one of which the host withheld more. */
export function worse(one: Stretch | undefined, other: Stretch | undefined): Stretch | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.withheldMs / one.passedMs < other.withheldMs / other.passedMs ? other : one;
}

/**
 * Milliseconds between two samples for which the host withheld CPU: of the thread that waited longest, the time that it
 * was ready to run and was not run; all of it where the process was stopped. A guest that idles, or hangs, waits for
 * nothing of the host's, and nothing is withheld from it. Where samples lie further apart than they are taken, it is
 * this program that did not run: somebody had stopped it, or it had too much to do, and nobody served the disks.
 */
export function withheldBetween(before: SchedulerSample, after: SchedulerSample): number {
  const passed = Math.max(0, after.at - before.at);
  if (before.stopped && after.stopped) return passed;
  const asleep = passed > 2 * sampleMs ? passed - sampleMs : 0;
  const waits = [...after.waitedMs].map(([thread, waited]) => waited - (before.waitedMs.get(thread) ?? 0));
  return Math.min(passed, Math.max(asleep, ...waits));
}

/** Milliseconds that a thread has waited to be run: the second field of proc(5) `schedstat`, in nanoseconds. */
export function parseWaited(schedstat: string): number {
  const nanoseconds = Number(schedstat.split(' ')[1]);
  return Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : 0;
}

/** Whether proc(5) `stat` says T or t: stopped by a signal, or by a debugger. The name in field 2 may hold anything. */
export function isStopped(stat: string): boolean {
  return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/**
 * Folders in proc(5) of the threads whose waiting counts: those of a process, and this program's own, since a guest that
 * waits for its disks waits for who serves them.
 */
export function watchedThreads(pid: number): string[] {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  return [...threads, `/proc/self/task/${process.pid}`];
}

/** Asks the host now; undefined where it does not say, as of a process that is gone. */
function sampleScheduler(pid: number): SchedulerSample | undefined {
  try {
    const stopped = isStopped(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const waitedMs = new Map(
      watchedThreads(pid).map((thread) => [thread, parseWaited(readFileSync(`${thread}/schedstat`, 'utf8'))]),
    );
    return { at: performance.now(), stopped, waitedMs };
  } catch {
    return undefined;
  }
}

/** Adds up what the host withholds from one process, and from who serves its disks. */
export class Withheld {
  private readonly pid: number;
  private readonly timer: NodeJS.Timeout;
  private readonly stretches = new WorstStretch();
  private latest: SchedulerSample | undefined;
  private total = 0;

  constructor(pid: number) {
    this.pid = pid;
    this.sample();
    this.timer = setInterval(() => this.sample(), sampleMs);
    this.timer.unref();
  }

  /** Milliseconds since the process was first looked at, up to now. */
  get ms(): number {
    this.sample();
    return this.total;
  }

  /** The ten seconds of which it withheld the most; undefined where there were none yet. */
  get worst(): Stretch | undefined {
    this.sample();
    return this.stretches.stretch;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    const now = sampleScheduler(this.pid);
    if (now === undefined) return;
    if (this.latest !== undefined) this.total += withheldBetween(this.latest, now);
    this.latest = now;
    this.stretches.add(now.at, this.total);
  }
}
