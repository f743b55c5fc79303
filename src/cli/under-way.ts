import type { RunEvent } from '../model/event.ts';
import { runLabel } from '../report/live-view.ts';
import { oneLine } from '../report/text.ts';

/** Of each run of this process that has not ended, the phase that it began last. */
const phases = new Map<string, string>();

/** Takes the events of runs, for whoever has to say at the process's end what it was at. */
export function notePhase(event: RunEvent): void {
  if (event.type === 'phase')
    phases.set(event.run, oneLine(`${runLabel(event.run)}: ${event.phase}: ${event.detail}`));
  if (event.type === 'run-finished') phases.delete(event.run);
}

/** What the runs of this process are at, one line each: `ab-qemuarm64: upgrade: every path, without a cut`. */
export function phasesUnderWay(): string[] {
  return [...phases.values()];
}
