import { readFileSync } from 'node:fs';

/** USER_HZ, the unit of utime and stime in /proc/PID/stat: 100 on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** How often a running child is asked, in milliseconds; what it used after the last answer is not counted. */
const sampleMs = 500;

/**
 * CPU seconds that a process has used so far. The figures of a dead child are gone with it, so they are
 * sampled while it runs; call `sample` when its end is near.
 */
export class CpuTime {
  private readonly pid: number;
  private readonly timer: NodeJS.Timeout;
  private latest = 0;

  constructor(pid: number) {
    this.pid = pid;
    this.timer = setInterval(() => this.sample(), sampleMs);
    this.timer.unref();
  }

  /** User and system time of all threads, in seconds, as of the last sample. */
  get seconds(): number {
    return this.latest;
  }

  /** Asks now; synchronously, so that it can be done right before a kill. */
  sample(): void {
    try {
      const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
      this.latest = Math.max(this.latest, parseCpuSeconds(stat) ?? 0);
    } catch {
      // The process is gone; what it used by the last sample stands.
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** utime + stime (fields 14 and 15 of proc(5) `stat`) in seconds; the name in field 2 may hold anything. */
export function parseCpuSeconds(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / ticksPerSecond : undefined;
}
