import { join } from 'node:path';
import { CleanupStack } from '../core/cleanup.ts';
import { Deadline } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { waitFor } from '../core/wait.ts';
import { bringIntoService } from '../device/bring-into-service.ts';
import { Checklist, DeviceStopped } from '../device/checklist.ts';
import { type Device, factoryDisks, openDevice, stopOnStorageFailure } from '../device/device.ts';
import { listen } from '../device/listen.ts';
import { installToReset } from '../device/own-reset.ts';
import type { RunContext } from '../device/run-context.ts';
import type { CutRecord } from '../model/record.ts';
import { type Upgrade, upgradesOf } from '../model/upgrade.ts';
import { Arena } from '../nbd/arena.ts';
import type { Disk } from '../nbd/disk.ts';
import { MappedDisk } from '../nbd/mapped-disk.ts';
import { MirrorDisk } from '../nbd/mirror-disk.ts';
import { OverlayDisk } from '../nbd/overlay-disk.ts';
import { WriteBackCache } from '../nbd/write-back-cache.ts';
import type { Recording } from '../recording/recordings.ts';
import type { Booting, Ready } from '../target/target.ts';
import { stateMaps } from '../writelog/crash-state.ts';
import type { WriteLog } from '../writelog/log.ts';
import { windowMark, windowsOf, writesIn } from '../writelog/windows.ts';
import { cutRecord, decide, stoppedOutcome } from './decide.ts';

/** `lost`: the disk's cache dies with the device. `kept`: only the process dies, as under a plain `kill -9` of QEMU. */
export type Unflushed = 'lost' | 'kept';

/**
 * Cuts the power in the middle of a real installation (the first upgrade of a recorded path) and decides what
 * comes up. With `lost`, the disk that the device is left with comes from a write-back cache that never saw the
 * write log, and must equal, byte for byte, the state that the log gives for the same moment.
 */
export async function liveCut(
  context: RunContext,
  recording: Recording,
  unflushed: Unflushed,
  label: string,
  random: Random,
): Promise<CutRecord> {
  await using stack = new CleanupStack();
  const { releases } = recording.path;
  const [upgrade] = upgradesOf(releases);
  if (upgrade === undefined) throw new HarnessError('log-damaged', 'a recorded path has no upgrade');
  const factory = await factoryDisks(context, releases[0] ?? '', stack);
  const stableArena = stack.use(
    'stable writes',
    await Arena.create(join(context.workspace, `${label}-stable.arena`)),
  );
  const onFailure = stopOnStorageFailure(context, stableArena);
  const stable = factory.map((disk) => new OverlayDisk(disk, stableArena, undefined, onFailure));
  const caches = new Map<Disk, WriteBackCache>();
  const device = await openDevice(context, `${label}-before`, factory, stack, (disk, spec) => {
    const below = stable[context.manifest.disks.indexOf(spec)];
    if (below === undefined) return disk;
    if (spec.cache === 'writethrough') return new MirrorDisk(disk, below);
    const cache = new WriteBackCache(below);
    caches.set(disk, cache);
    return new MirrorDisk(disk, cache);
  });
  const cut = {
    kind: unflushed === 'lost' ? 'live' : 'naive',
    id: label,
    path: releases,
    upgrade,
    during: 'install',
  } as const;
  const started = performance.now();
  const checklist = new Checklist({ folder: context.folder, device: device.target });
  try {
    const { ready, configuration, odd } = await bringIntoService(context, device, upgrade.from, checklist);
    const expected = expectedWrites(recording);
    const writes = Math.ceil((0.1 + random.int(80) / 100) * expected);
    const { written, at, hasReset } = await cutWhileInstalling(context, device, ready, {
      upgrade,
      writes,
      checklist,
    });
    await listen(context, device.target, checklist, { when: { moment: 'before-cut' } });
    const wrong = checklist.steps.find(({ verdict }) => verdict !== 'passed');
    if (wrong !== undefined) {
      const description = 'live; the device failed before the power did';
      const outcome = `before the cut, ${wrong.name}: ${wrong.problem?.code ?? 'unknown'}`;
      return cutRecord(context, { ...cut, description }, device, { outcome, checklist, started });
    }
    let lost = 0;
    for (const cache of caches.values()) lost += await cache.losePower();
    // QEMU flushes when its guest resets itself, which the log knows and the cache does not.
    if (unflushed === 'lost' && !hasReset) await assertModelsAgree(device, factory, stable, at);
    const left = unflushed === 'lost' ? stable : device.overlays;
    const after = await openDevice(context, `${label}-after`, left, stack, undefined, { afterCut: true });
    const what = unflushed === 'lost' ? `${lost} un-flushed sectors lost` : 'QEMU killed, nothing lost';
    const description = `live, after ${written} writes of the installation (about ${expected} in all), ${what}`;
    const { record } = await decide(
      context,
      { ...cut, description },
      { device: after, configuration, odd },
      { retry: context.scenario.expect.retry === 'succeeds', capture: () => ({}) },
    );
    return record;
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
    const description = 'live; the device failed before the power did';
    const outcome = `no cut, ${stoppedOutcome(error)}`;
    return cutRecord(context, { ...cut, description }, device, { outcome, checklist, started });
  } finally {
    context.spend('cuts.cpu', device.target.cpuSeconds());
  }
}

/** Writes of the first installation in the recording. */
function expectedWrites({ log }: Recording): number {
  const window = windowsOf(log).find((candidate) => candidate.upgrade === 0 && candidate.phase === 'install');
  return window === undefined ? 0 : writesIn(log, window).length;
}

/**
 * Starts the installation and takes the power away after so many writes of it, or at its end. Returns the writes
 * that there were and the moment in the device's log. Throws DeviceStopped when the installation fails before.
 */
async function cutWhileInstalling(
  context: RunContext,
  device: Device,
  ready: Ready,
  { upgrade, writes, checklist }: { upgrade: Upgrade; writes: number; checklist: Checklist },
): Promise<{ written: number; at: number; hasReset: boolean }> {
  device.log.mark(windowMark(0, 'install'));
  const written = writeCounter(device.log);
  const decided = new AbortController();
  let powered: Ready | Booting = ready;
  const reset = { seen: false };
  const onReset = () => {
    reset.seen = true;
  };
  const installing = checklist.step({ moment: 'before-cut', check: 'install' }, async () => {
    powered = (await installToReset(context, ready, upgrade, onReset)) ?? ready;
  });
  const reached = waitFor('the moment of the cut', () => (written() >= writes ? true : undefined), {
    deadline: Deadline.after(context.scenario.expect.installsWithinMs),
    signal: AbortSignal.any([context.signal, decided.signal]),
    intervalMs: 5,
  }).catch(() => undefined);
  try {
    await Promise.race([installing, reached]);
  } finally {
    decided.abort();
  }
  const hasReset = reset.seen || (context.agent.reboots === 'itself' && !device.log.guestRuns);
  await powered.cutPower();
  // How the installation ends now says only that the power went.
  await installing.catch(() => undefined);
  context.signal.throwIfAborted();
  return { written: written(), at: device.log.now, hasReset };
}

/** Counts the writes that a log has from now on, each once. */
export function writeCounter({ records }: WriteLog): () => number {
  let next = records.length;
  let count = 0;
  return () => {
    for (; next < records.length; next += 1) if (records[next]?.kind !== 'flush') count += 1;
    return count;
  };
}

/** Compares, wherever the guest wrote, what the write-back cache left with what the log says is durable. */
async function assertModelsAgree(
  device: Device,
  factory: readonly Disk[],
  stable: readonly Disk[],
  at: number,
): Promise<void> {
  const maps = stateMaps(device.log, { at, shape: { kind: 'lost', keep: 'none' } });
  for (const [i, base] of factory.entries()) {
    const map = maps[i];
    const live = stable[i];
    if (map === undefined || live === undefined) continue;
    const fromLog = new MappedDisk(base, map, device.arena);
    for (const record of device.log.records) {
      if (record.disk !== i || record.count === 0) continue;
      const [offset, length] = [record.sector * 512, record.count * 512];
      if (!(await fromLog.read(offset, length)).equals(await live.read(offset, length)))
        throw new HarnessError(
          'crash-model-mismatch',
          `after a live cut, ${device.log.disks[i]?.id ?? ''} differs in sectors ${record.sector} to ${record.sector + record.count - 1} from what the write log gives: no verdict of this run can be trusted`,
        );
    }
  }
}
