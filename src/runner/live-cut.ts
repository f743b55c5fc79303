import { join } from 'node:path';
import { CleanupStack } from '../core/cleanup.ts';
import { Deadline } from '../core/deadline.ts';
import { failureKind, HarnessError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { waitFor } from '../core/wait.ts';
import type { CutRecord } from '../model/record.ts';
import { Arena } from '../nbd/arena.ts';
import type { Disk } from '../nbd/disk.ts';
import { MappedDisk } from '../nbd/mapped-disk.ts';
import { MirrorDisk } from '../nbd/mirror-disk.ts';
import { OverlayDisk } from '../nbd/overlay-disk.ts';
import { WriteBackCache } from '../nbd/write-back-cache.ts';
import { stateMaps } from '../writelog/crash-state.ts';
import { windowMark, windowsOf, writesIn } from '../writelog/windows.ts';
import type { Bench } from './bench.ts';
import { Checklist } from './checklist.ts';
import { decide } from './decide.ts';
import { type Device, factoryDisks, openDevice, stopOnStorageFailure } from './device.ts';
import { bringIntoService, upgradesOf } from './record-path.ts';
import type { Recording } from './recordings.ts';
import { install } from './upgrade.ts';

/** `lost`: the disk's cache dies with the device. `kept`: only the process dies, as under a plain `kill -9` of QEMU. */
export type Unflushed = 'lost' | 'kept';

/**
 * Cuts the power in the middle of a real installation (the first upgrade of a recorded path) and decides what
 * comes up. With `lost`, the disk that the device is left with comes from a write-back cache that never saw the
 * write log, and must equal, byte for byte, the state that the log gives for the same moment.
 */
export async function liveCut(
  bench: Bench,
  recording: Recording,
  unflushed: Unflushed,
  label: string,
  random: Random,
): Promise<CutRecord> {
  await using stack = new CleanupStack();
  const { releases } = recording.path;
  const [upgrade] = upgradesOf(releases);
  if (upgrade === undefined) throw new HarnessError('log-damaged', 'a recorded path has no upgrade');
  const factory = await factoryDisks(bench, releases[0] ?? '', stack);
  const stableArena = stack.use(
    'stable writes',
    await Arena.create(join(bench.workspace, `${label}-stable.arena`)),
  );
  const onFailure = stopOnStorageFailure(bench, stableArena);
  const stable = factory.map((disk) => new OverlayDisk(disk, stableArena, undefined, onFailure));
  const caches = new Map<Disk, WriteBackCache>();
  const device = await openDevice(bench, `${label}-before`, factory, stack, (disk, spec) => {
    const below = stable[bench.manifest.disks.indexOf(spec)];
    if (below === undefined) return disk;
    if (spec.cache === 'writethrough') return new MirrorDisk(disk, below);
    const cache = new WriteBackCache(below);
    caches.set(disk, cache);
    return new MirrorDisk(disk, cache);
  });
  const { ready, configuration } = await bringIntoService(
    bench,
    device,
    upgrade.from,
    new Checklist(bench.folder),
  );

  const expected = expectedWrites(recording);
  const share = 0.1 + random.int(80) / 100;
  device.log.mark(windowMark(0, 'install'));
  const begun = writesSoFar(device);
  const installing = install(bench, ready, upgrade.to).then(
    () => 'done' as const,
    (error: unknown) => error,
  );
  const reached = waitFor(
    'the installation to reach the cut',
    () => (writesSoFar(device) - begun >= share * expected ? true : undefined),
    {
      deadline: Deadline.after(bench.scenario.expect.installsWithinMs),
      signal: bench.signal,
      intervalMs: 5,
    },
  ).catch((error: unknown) => error);
  const first = await Promise.race([installing, reached]);
  if (first instanceof Error) throw first;
  bench.spend('cuts.cpu', ready.cpuSeconds());
  await ready.cutPower();
  const late = await installing;
  if (late instanceof Error && failureKind(late) === 'scenario') throw late;
  const at = device.log.now;
  let lost = 0;
  for (const cache of caches.values()) lost += await cache.losePower();
  if (unflushed === 'lost') await assertModelsAgree(device, factory, stable, at);

  const left = unflushed === 'lost' ? stable : device.overlays;
  const after = await openDevice(bench, `${label}-after`, left, stack);
  const written = writesSoFar(device) - begun;
  return await decide(
    bench,
    {
      device: after,
      kind: unflushed === 'lost' ? 'live' : 'naive',
      id: label,
      path: releases,
      upgrade,
      during: 'install',
      description: `live, after ${written} writes of the installation (about ${expected} in all), ${unflushed === 'lost' ? `${lost} un-flushed sectors lost` : 'QEMU killed, nothing lost'}`,
      configuration,
    },
    join('console', `${label}-after.1.log`),
  );
}

/** Writes of the first installation in the recording. */
function expectedWrites({ log }: Recording): number {
  const window = windowsOf(log).find((candidate) => candidate.step === 0 && candidate.phase === 'install');
  return window === undefined ? 0 : writesIn(log, window).length;
}

function writesSoFar({ log }: Device): number {
  return log.records.reduce((count, record) => count + (record.kind === 'flush' ? 0 : 1), 0);
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
