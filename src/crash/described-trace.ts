import type { RunContext } from '../device/run-context.ts';
import { variantText } from '../model/recording.ts';
import type { FlushRow, TraceStates, WriteRow } from '../model/states.ts';
import { upgradeName, upgradesOf } from '../model/upgrade.ts';
import type { Trace } from '../recording/trace.ts';
import { type Window, windowsOf } from '../writelog/windows.ts';
import { plannedId, tokenOf } from './planned.ts';
import { targetsOf } from './write-targets.ts';

/** A write log with what is said of it once, whatever becomes of its states. */
export type DescribedTrace = Omit<TraceStates, 'lines' | 'stages'>;

/** Describes a trace; `cut`: the windows in which the power may fail; `targets`: where each of its writes went. */
export function describeTrace(
  context: RunContext,
  trace: Trace,
  cut: readonly Window[],
  targets: readonly string[],
): DescribedTrace {
  const { log, releases, recording, after } = trace;
  const places = [...new Set(targets.filter((text) => text !== ''))];
  const numbers = new Map(places.map((text, i) => [text, i]));
  const writes: WriteRow[] = [];
  const flushes: FlushRow[] = [];
  for (const { seq, disk, kind, sector, count, issued, completed = -1 } of log.records)
    if (kind === 'flush') flushes.push([seq, disk, issued, completed]);
    else writes.push([seq, disk, sector, count, issued, completed, numbers.get(targets[seq] ?? '') ?? -1]);
  const token = tokenOf(context, { trace, state: { at: 0, shape: { kind: 'prefix' } } });
  const windows = windowsOf(log);
  return {
    name: trace.name,
    releases: [...releases],
    ...(recording === undefined ? {} : { recording: variantText(recording) }),
    ...(after === undefined ? {} : { after: plannedId(after) }),
    token: token.slice(0, token.lastIndexOf(':')),
    disks: log.disks.map(({ id, sectors }) => ({ id, sectors })),
    phases: (windows.length === 0 ? cut : windows).map(({ upgrade, phase, from, to }) => {
      const of = upgradesOf(releases)[upgrade];
      return {
        upgrade: of === undefined ? '' : upgradeName(of),
        phase,
        from,
        to,
        cut: cut.some((window) => window.from === from && window.phase === phase),
      };
    }),
    places,
    writes,
    flushes,
  };
}

/** A trace as states.json has it, with the windows that the scenario cuts. */
export async function describeCuttable(context: RunContext, trace: Trace): Promise<DescribedTrace> {
  return describeTrace(context, trace, cutWindows(context, trace), await targetsOf(context, trace));
}

/** The windows of a trace in which the scenario cuts the power. */
export function cutWindows({ scenario }: RunContext, { log }: Trace): Window[] {
  const { during } = scenario.powerCuts;
  return windowsOf(log).filter(({ phase }) => during.some((name) => name === phase));
}
