import { join } from 'node:path';
import type { CleanupStack } from '../core/cleanup.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure, HarnessError } from '../core/errors.ts';
import type { DiskSpec } from '../model/image.ts';
import { ownedPaths } from '../model/scenario.ts';
import { Arena, ArenaFull } from '../nbd/arena.ts';
import type { Disk } from '../nbd/disk.ts';
import { FileDisk } from '../nbd/file-disk.ts';
import { OverlayDisk } from '../nbd/overlay-disk.ts';
import type { Booting, Off, Ready } from '../target/target.ts';
import { sectorBytes, WriteLog } from '../writelog/log.ts';
import type { Subject } from './observe.ts';
import type { RunContext } from './run-context.ts';
import { startRelease } from './start-release.ts';

/** What a device's disks hold when it is switched on, by position in the manifest. */
export type DiskContents = readonly Disk[];

/** A device at hand: switched off, with writable disks whose writes are logged. */
export interface Device {
  target: Off;
  subject: Subject;
  log: WriteLog;
  arena: Arena;
  /** The logging disks, by position in the manifest. */
  overlays: readonly OverlayDisk[];
}

/** What a device may write where nobody says: so many times its disks, and no less than this. */
const usualBudget = { times: 8, leastBytes: 2 * 2 ** 30 };

/** Bytes that a device with disks of so many bytes may write, over all its power-ons. */
export function diskBudgetOf(diskBytes: readonly number[]): number {
  const all = diskBytes.reduce((sum, bytes) => sum + bytes, 0);
  return Math.max(usualBudget.leastBytes, usualBudget.times * all);
}

/** The disks as they left the factory, for a device that is to be on `release` at first. */
export async function factoryDisks(
  context: Pick<RunContext, 'manifest'>,
  release: string,
  stack: CleanupStack,
): Promise<FileDisk[]> {
  const files = context.manifest.releases[startRelease(context.manifest, release)]?.factory;
  const disks: FileDisk[] = [];
  for (const { id } of context.manifest.disks) {
    const file = files?.[id];
    if (file === undefined)
      throw new HarnessError('image-incomplete', `release ${release} has no content for disk ${id}`);
    disks.push(stack.use(`disk image ${id}`, await FileDisk.open(file.path)));
  }
  return disks;
}

/**
 * Makes a device with these disk contents, switched off. `label` names its console logs and
 * scratch files. `over` may put a layer between a logging disk and the guest. `randomSeed`: of QEMU's random numbers.
 * `afterCut`: its disks are what a power cut has left.
 */
export async function openDevice(
  context: RunContext,
  label: string,
  contents: DiskContents,
  stack: CleanupStack,
  over: (disk: Disk, spec: DiskSpec) => Disk = (disk) => disk,
  { randomSeed = 0, afterCut = false }: { randomSeed?: number; afterCut?: boolean } = {},
): Promise<Device> {
  const { manifest } = context;
  const budget = context.diskBudget ?? diskBudgetOf(contents.map(({ bytes }) => bytes));
  const arena = stack.use(
    'write arena',
    await Arena.create(join(context.workspace, `${label}.arena`), budget),
  );
  const log = new WriteLog(
    manifest.disks.map(({ id, cache }, i) => ({
      id,
      cache,
      sectors: (contents[i]?.bytes ?? 0) / sectorBytes,
    })),
  );
  const tooMuch = new AbortController();
  const stop = stopOnStorageFailure(context, arena);
  const onFailure = (error: Error) =>
    error instanceof ArenaFull ? tooMuch.abort(budgetPassed(error.limitBytes)) : stop(error);
  const overlays = contents.map((disk, i) => new OverlayDisk(disk, arena, { log, disk: i }, onFailure));
  const disks = manifest.disks.flatMap((spec, i) => {
    const overlay = overlays[i];
    return overlay === undefined ? [] : [{ spec, disk: over(overlay, spec) }];
  });
  const target = stack.use(
    `target ${label}`,
    await context.createTarget({
      manifest,
      machine: context.machine,
      disks,
      folder: context.folder,
      consoleLog: (n) => join(context.folder, 'console', `${label}.${n}.log`),
      accelerator: context.accelerator.accelerator,
      console: context.scenario.console,
      randomSeed,
      ...(context.scenario.clock === undefined ? {} : { clock: context.scenario.clock }),
      afterCut,
      ...(context.sshPort === undefined ? {} : { sshPort: context.sshPort }),
      reach: context.scenario.network === 'open' ? 'open' : [context.feed.port],
      signal: AbortSignal.any([context.signal, tooMuch.signal]),
      onNotice: context.notice,
      onPower: (on) => {
        log.guestRuns = on;
      },
    }),
  );
  const subject = {
    manifest,
    disks: new Map(disks.map(({ spec, disk }) => [spec.id, disk])),
    configuration: ownedPaths(context.scenario),
  };
  return { target, subject, log, arena, overlays };
}

function budgetPassed(bytes: number): DeviceFailure {
  return new DeviceFailure(
    'disk-budget',
    `the device wrote more than ${(bytes / 2 ** 20).toFixed(0)} MiB to its disks, and its power was taken away`,
    { hint: 'if it may write so much, allow more with --disk-budget' },
  );
}

/** Ends the run when the host cannot keep what guests write to `arena`: no verdict could be trusted after that. */
export function stopOnStorageFailure(context: RunContext, arena: Arena): (error: Error) => void {
  return (cause) =>
    context.stop(
      new HarnessError(
        'storage-failed',
        `the host could not keep the guest's writes in ${arena.path}: ${cause.message}`,
        {
          cause,
          hint: 'free disk space below the cache folder (BROWNOUT_CACHE) and run again',
        },
      ),
    );
}

/** Waits for a device to come up. Throws the DeviceFailure that says why it did not. */
export async function untilReady(
  context: RunContext,
  booting: Booting,
  limitMs = context.scenario.expect.bootsWithinMs,
): Promise<Ready> {
  const state = await booting.untilReady(Deadline.after(limitMs), context.signal);
  if (state.state === 'broken') throw state.failure;
  return state;
}
