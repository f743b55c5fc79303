import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import { buildImage } from '../../src/image/build.ts';
import type { Reach } from '../../src/model/guest-network.ts';
import type { DiskSpec, ImageManifest } from '../../src/model/image.ts';
import type { MachineName } from '../../src/model/machine.ts';
import { Arena } from '../../src/nbd/arena.ts';
import { FileDisk } from '../../src/nbd/file-disk.ts';
import { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { createTarget, type Ready } from '../../src/target/target.ts';

export interface Bench {
  manifest: ImageManifest;
  /** The disk with the releases, for damage to be done. */
  main: OverlayDisk;
  /** Switches the device on, waits for a login, and returns what a command prints there. */
  boot: (command: string) => Promise<string>;
}

/** A device of an image of ours, switched off. */
interface BenchDevice {
  manifest: ImageManifest;
  disks: { spec: DiskSpec; disk: OverlayDisk }[];
  /** Switches it on and waits for a login. */
  ready: (reach?: Reach) => Promise<Ready>;
}

/** A device that is on the factory's 1.0; what it writes stays until the stack is disposed of. */
export async function benchDevice(
  name: string,
  machine: MachineName,
  stack: CleanupStack,
): Promise<BenchDevice> {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-test-'));
  stack.defer('test folder', () => rm(folder, { recursive: true }));
  const manifest = await buildImage({ name, machine });
  const arena = stack.use('arena', await Arena.create(join(folder, 'arena')));
  const disks = await Promise.all(
    manifest.disks.map(async (spec) => {
      const file = manifest.releases['1.0']!.factory![spec.id]!;
      return { spec, disk: new OverlayDisk(stack.use('base image', await FileDisk.open(file.path)), arena) };
    }),
  );
  const ready = async (reach: Reach = []) => {
    const off = stack.use(
      'target',
      await createTarget({
        manifest,
        machine,
        disks,
        folder,
        consoleLog: (n) => join(folder, `console.${n}.log`),
        accelerator: 'tcg',
        reach,
        signal: new AbortController().signal,
        onNotice: () => undefined,
      }),
    );
    const state = await (await off.powerOn()).untilReady(Deadline.after(180_000));
    if (state.state === 'broken') throw state.failure;
    return state;
  };
  return { manifest, disks, ready };
}

/** The same, for tests that ask it one thing at each start. */
export async function bench(name: string, machine: MachineName, stack: CleanupStack): Promise<Bench> {
  const { manifest, disks, ready } = await benchDevice(name, machine, stack);
  const boot = async (command: string) =>
    (await (await ready()).run(command, { deadline: Deadline.after(60_000) })).stdout;
  return { manifest, main: disks.find(({ spec }) => spec.id === 'main')!.disk, boot };
}

/** Puts the release whose init is gone into slot B. */
export async function breakSlotB(manifest: ImageManifest, disk: OverlayDisk): Promise<void> {
  const slotB = manifest.slots.find(({ name }) => name === 'B')!;
  const { path } = manifest.releases['2.1-broken']!.bundles['raw']!;
  await disk.write(slotB.offset, await readFile(path), true);
}
