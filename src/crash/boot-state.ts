import { rm } from 'node:fs/promises';
import { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { openDevice } from '../device/device.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Booted, BootStage } from '../explore/boot.ts';
import type { Journaled } from '../filesystem/journaled.ts';
import type { CutRecord } from '../model/record.ts';
import { upgradesOf } from '../model/upgrade.ts';
import { LateDisk } from '../nbd/late-disk.ts';
import { ReadSet } from '../nbd/read-set.ts';
import { ReadSetDisk } from '../nbd/read-set-disk.ts';
import { disksIn } from '../recording/trace.ts';
import type { SnapshotStore } from '../target/snapshot-store.ts';
import { describeState } from '../writelog/crash-state.ts';
import { sectorBytes, type WriteLog } from '../writelog/log.ts';
import { decide } from './decide.ts';
import { type PlannedState, plannedId, tokenOf } from './planned.ts';
import { unlessStarved } from './starved-boots.ts';

/** How a stage of a boot ended, and when: the moment in the boot's own log. */
interface TimedStage extends BootStage {
  at: number;
}

/** A crash state that was booted. */
export interface BootedState extends Booted<CutRecord> {
  stages: TimedStage[];
  /** What the device wrote; the data is gone unless it was to be kept. */
  log: WriteLog;
  arenaPath: string;
}

/** How to boot a state. */
export interface BootOptions {
  /** Names console logs and scratch files; the state's id where there is none. */
  label?: string;
  retry: boolean;
  keepWrites?: boolean;
  /** Of QEMU's random numbers (default 0); with any other, the disks have another timing as well. */
  randomSeed?: number;
  /** Not for a boot whose own writes are to be cut: a snapshot says nothing about their durability. */
  snapshots?: SnapshotStore | undefined;
  /** Of each disk, by position in the manifest, the file systems whose recovery is to be watched for. */
  journaled?: readonly (readonly Journaled[])[];
}

/** Boots one crash state for real and decides it. Throws HarnessError `host-starved` where the host withheld CPU each time. */
export function bootState(
  context: RunContext,
  planned: PlannedState,
  { label = plannedId(planned), ...options }: BootOptions,
): Promise<BootedState> {
  return unlessStarved(context, label, (name) => bootOnce(context, planned, { ...options, label: name }));
}

async function bootOnce(
  context: RunContext,
  planned: PlannedState,
  {
    label,
    retry,
    keepWrites = false,
    randomSeed = 0,
    snapshots,
    journaled = [],
  }: BootOptions & { label: string },
): Promise<BootedState> {
  await using stack = new CleanupStack();
  const { trace, state, window } = planned;
  const upgrade = upgradesOf(trace.releases)[window.upgrade];
  if (upgrade === undefined)
    throw new HarnessError(
      'log-damaged',
      `the write log names upgrade ${window.upgrade} of ${trace.releases.length - 1}`,
    );
  const id = plannedId(planned);
  const { disks } = await disksIn(context, trace, state, stack);
  const readSets = disks.map(({ bytes }, i) => new ReadSet(bytes, sectorBytes, journaled[i]));
  const device = await openDevice(
    context,
    `cut-${label.replaceAll('/', '_')}`,
    disks,
    stack,
    (disk, spec) => {
      const readSet = readSets[context.manifest.disks.indexOf(spec)];
      const timed = randomSeed === 0 ? disk : new LateDisk(disk, new Random(`${spec.id} ${randomSeed}`));
      return readSet === undefined ? timed : new ReadSetDisk(timed, readSet);
    },
    { randomSeed, afterCut: true },
  );
  if (!keepWrites) stack.defer('writes of a boot', () => rm(device.arena.path, { force: true }));
  const cut = {
    kind: state.shape.kind,
    id,
    path: trace.releases,
    upgrade,
    during: window.phase,
    description: describeState(trace.log, state),
    token: tokenOf(context, planned),
  };
  const decided = await decide(
    context,
    cut,
    { device, configuration: trace.configuration, odd: trace.odd },
    {
      retry,
      snapshots,
      capture: () => ({ sectorsRead: readSets.map((set) => set.blocksRead()), at: device.log.now }),
    },
  );
  return { ...decided, log: device.log, arenaPath: device.arena.path };
}
