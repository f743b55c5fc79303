import { rm } from 'node:fs/promises';
import { CleanupStack } from '../core/cleanup.ts';
import { Deadline, DeadlinePassed } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { waitFor } from '../core/wait.ts';
import { type Device, openDevice } from '../device/device.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Budget } from '../explore/exploration-parts.ts';
import type { CutRecord } from '../model/record.ts';
import { upgradesOf } from '../model/upgrade.ts';
import { cutFindings } from '../oracle/verdict.ts';
import type { Recording } from '../recording/recordings.ts';
import { disksIn } from '../recording/trace.ts';
import type { Booting } from '../target/target.ts';
import { windowsOf } from '../writelog/windows.ts';
import { type Cut, decide } from './decide.ts';
import { writeCounter } from './live-cut.ts';
import { present, type RunProgress, traceOf } from './power-cuts.ts';

/** When the power fails: as soon as a kernel starts, or after a drawn write of what runs before it. */
type StormMoment = 'kernel' | 'boot loader';

/** Both, for each path. */
const stormMoments: readonly StormMoment[] = ['kernel', 'boot loader'];

/**
 * Has the power of a confirmed device fail several times in a row before anybody can log in, as impatient owners and bad
 * supplies do: it must come up on the release that it had, whole. Nothing that was written is lost. No storm is begun
 * where the budget has ended.
 */
export async function resetStorms(
  context: RunContext,
  sound: readonly Recording[],
  progress: RunProgress,
  budget: Budget | undefined,
): Promise<void> {
  const cuts = context.scenario.powerCuts.resetStorm;
  if (cuts === undefined) return;
  const storms: RunProgress['storms'] = { planned: sound.length * stormMoments.length, done: 0 };
  progress.storms = storms;
  for (const recording of sound) {
    // A device whose boot loader writes nothing is cut twice as its kernel starts.
    let writes = 0;
    for (const moment of stormMoments) {
      const random = context.random.fork(`reset storm ${recording.label} ${moment}`);
      const stormed = await context.vm(async () =>
        budget?.aborted === true ? undefined : storm(context, recording, { moment, cuts, writes, random }),
      );
      if (stormed === undefined) {
        storms.cutShort = true;
        return;
      }
      writes = stormed.writes;
      storms.done += 1;
      progress.cuts.push(stormed.record);
      if (progress.explorations.length > 0) progress.findings.push(...cutFindings([stormed.record]));
      const done = present(progress.cuts).length;
      context.emit({ type: 'cut', run: context.runId, done, total: 0, cut: stormed.record });
    }
  }
}

interface StormPlan {
  moment: StormMoment;
  cuts: number;
  /** How often the device was seen to write before a kernel started. */
  writes: number;
  random: Random;
}

/** One storm, and the fewest writes of a start until its kernel. */
async function storm(
  context: RunContext,
  recording: Recording,
  { moment, cuts, writes, random }: StormPlan,
): Promise<{ record: CutRecord; writes: number }> {
  await using stack = new CleanupStack();
  const trace = traceOf(recording);
  const upgrade = upgradesOf(trace.releases).at(-1);
  if (upgrade === undefined) throw new HarnessError('log-damaged', 'a recorded path has no upgrade');
  const state = { at: confirmedUntil(recording), shape: { kind: 'prefix' } } as const;
  const { disks } = await disksIn(context, trace, state, stack);
  const id = `${trace.name}.storm-${moment.replace(' ', '-')}`;
  const device = await openDevice(context, id, disks, stack);
  stack.defer('writes of a storm', () => rm(device.arena.path, { force: true }));
  let off = device.target;
  let fewest = Infinity;
  const moments: string[] = [];
  for (let cut = 1; cut <= cuts; cut += 1) {
    const wanted = moment === 'kernel' || writes === 0 ? undefined : 1 + random.int(writes);
    const booting = await off.powerOn();
    const written = await untilMoment(context, device, booting, wanted);
    off = await booting.cutPower();
    fewest = Math.min(fewest, written);
    moments.push(wanted === undefined ? 'as its kernel started' : `after write ${written}`);
  }
  const cut: Cut = {
    kind: 'live',
    id,
    path: trace.releases,
    upgrade,
    during: 'reset-storm',
    description: `${cuts} power cuts in a row, nothing lost: ${moments.join(', ')}`,
  };
  const after = { device: { ...device, target: off }, configuration: trace.configuration, odd: trace.odd };
  const { record } = await decide(context, cut, after, { retry: false, capture: () => ({}) });
  return { record: { ...record, stage: 'reset-storm' }, writes: fewest };
}

/** The last moment at which the device was on its last release. */
function confirmedUntil({ log }: Recording): number {
  return windowsOf(log).find(({ phase }) => phase === 'rollback')?.from ?? log.now;
}

/** Waits until the device has written so often in this start, or until its kernel starts. Returns its writes. */
async function untilMoment(
  { scenario, signal }: RunContext,
  { log }: Device,
  booting: Booting,
  writes: number | undefined,
): Promise<number> {
  const written = writeCounter(log);
  const deadline = Deadline.after(scenario.expect.bootsWithinMs);
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const kernel = booting.untilKernel(deadline, either);
  const loader =
    writes === undefined
      ? []
      : [
          waitFor('the moment of the cut', () => (written() >= writes ? true : undefined), {
            deadline,
            signal: either,
            intervalMs: 2,
          }),
        ];
  try {
    await Promise.race([kernel, ...loader]);
  } catch (error) {
    // A device that shows no kernel is cut all the same.
    if (!(error instanceof DeadlinePassed)) throw error;
  } finally {
    over.abort();
    await Promise.allSettled([kernel, ...loader]);
  }
  return written();
}
