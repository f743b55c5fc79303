import { join } from 'node:path';
import type { CleanupStack } from '../core/cleanup.ts';
import { Deadline } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';
import type { DiskSpec } from '../model/image.ts';
import { Arena } from '../nbd/arena.ts';
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

/** The disks as they left the factory, for a device that is to be on `release` at first. */
export async function factoryDisks(
  context: RunContext,
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
 */
export async function openDevice(
  context: RunContext,
  label: string,
  contents: DiskContents,
  stack: CleanupStack,
  over: (disk: Disk, spec: DiskSpec) => Disk = (disk) => disk,
  randomSeed = 0,
): Promise<Device> {
  const { manifest } = context;
  const arena = stack.use('write arena', await Arena.create(join(context.workspace, `${label}.arena`)));
  const log = new WriteLog(
    manifest.disks.map(({ id, cache }, i) => ({
      id,
      cache,
      sectors: (contents[i]?.bytes ?? 0) / sectorBytes,
    })),
  );
  const onFailure = stopOnStorageFailure(context, arena);
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
      ...(context.sshPort === undefined ? {} : { sshPort: context.sshPort }),
      signal: context.signal,
      onNotice: context.notice,
      onPower: (on) => {
        log.guestRuns = on;
      },
    }),
  );
  const subject = {
    manifest,
    disks: new Map(disks.map(({ spec, disk }) => [spec.id, disk])),
    configuration: context.scenario.configuration,
  };
  return { target, subject, log, arena, overlays };
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
