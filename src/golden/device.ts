import { join } from 'node:path';
import type { CleanupStack } from '../core/cleanup.ts';
import { ScenarioError } from '../core/errors.ts';
import { didYouMean } from '../document/suggest.ts';
import type { ImageManifest } from '../model/image.ts';
import { Arena } from '../nbd/arena.ts';
import { FileDisk } from '../nbd/file-disk.ts';
import { OverlayDisk } from '../nbd/overlay-disk.ts';
import { createTarget, type Off } from '../target/target.ts';

/** Where a device that nobody judges keeps its files, and who is told of it. */
export interface Surroundings {
  /** For console logs, QEMU's messages and what the device writes. */
  folder: string;
  signal: AbortSignal;
  onNotice: (message: string) => void;
  /** Loopback port for its ssh; chosen when absent. */
  sshPort?: number | undefined;
  /** Unix socket for somebody who types at its console. */
  consoleSocket?: string | undefined;
}

/**
 * A device of an image, switched off, as it leaves the factory with `release`. What it writes is gone when the stack is
 * disposed of; the image's files stay as they are. Throws ScenarioError `unknown-release`.
 */
export async function factoryDevice(
  manifest: ImageManifest,
  release: string,
  { folder, signal, onNotice, sshPort, consoleSocket }: Surroundings,
  stack: CleanupStack,
): Promise<Off> {
  const factory = manifest.releases[release]?.factory;
  if (factory === undefined) {
    const have = Object.values(manifest.releases).flatMap((one) =>
      one.factory === undefined ? [] : [one.version],
    );
    throw new ScenarioError(
      'unknown-release',
      `no device of ${manifest.name} leaves the factory with ${release}; there are disks with ${have.join(', ') || 'none'}${didYouMean(release, have)}`,
    );
  }
  const arena = stack.use('write arena', await Arena.create(join(folder, 'written.arena')));
  const disks = [];
  for (const spec of manifest.disks) {
    const file = factory[spec.id];
    if (file === undefined)
      throw new ScenarioError('image-invalid', `release ${release} has no content for disk ${spec.id}`);
    const disk = stack.use(`disk image ${spec.id}`, await FileDisk.open(file.path));
    disks.push({ spec, disk: new OverlayDisk(disk, arena) });
  }
  return stack.use(
    'device',
    await createTarget({
      manifest,
      machine: manifest.machine,
      disks,
      folder,
      consoleLog: (n) => join(folder, `console.${n}.log`),
      consoleSocket,
      accelerator: 'tcg',
      ...(sshPort === undefined ? {} : { sshPort }),
      signal,
      onNotice,
    }),
  );
}
