import { constants, copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import { waitFor } from '../../src/core/wait.ts';
import { buildImage } from '../../src/image/build.ts';
import type { ImageManifest } from '../../src/model/image.ts';
import type { MachineName } from '../../src/model/machine.ts';
import { Arena } from '../../src/nbd/arena.ts';
import { FileDisk } from '../../src/nbd/file-disk.ts';
import { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { startNbdServer } from '../../src/nbd/server.ts';
import type { QemuSpec } from '../../src/qemu/arguments.ts';
import { startQemu } from '../../src/qemu/process.ts';

/** Where disks come from. */
type Source = 'brownout' | 'rawFile';

interface Sample {
  wallSeconds: number;
  qemuCpuSeconds: number;
}

/** What the reference image prints when its log-in is open. */
const upText = 'brownout: up';
const release = '1.0';

/** Boots one machine to its log-in, from our export and from raw files in turn; figures are medians of QEMU's CPU seconds. */
export async function measureGuestBoot(machine: MachineName, rounds: number, folder: string) {
  const manifest = await buildImage({ name: 'rauc-ab', machine });
  const samples: Record<Source, Sample[]> = { brownout: [], rawFile: [] };
  for (let round = 0; round < rounds; round += 1) {
    const order: Source[] = ['brownout', 'rawFile'];
    if (round % 2 === 1) order.reverse();
    for (const source of order) samples[source].push(await boot(manifest, source, folder));
  }
  const figures = { brownout: medians(samples.brownout), rawFile: medians(samples.rawFile) };
  return {
    rounds,
    ...figures,
    qemuCpuRatio: round3(figures.brownout.qemuCpuSeconds / figures.rawFile.qemuCpuSeconds),
    wallRatio: round3(figures.brownout.wallSeconds / figures.rawFile.wallSeconds),
  };
}

async function boot(manifest: ImageManifest, source: Source, folder: string): Promise<Sample> {
  const stack = new CleanupStack();
  try {
    const disks = await (source === 'rawFile'
      ? rawDisks(manifest, folder)
      : exportedDisks(manifest, folder, stack));
    return await bootFrom(disks, manifest, folder, stack);
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

async function bootFrom(
  disks: QemuSpec['disks'],
  manifest: ImageManifest,
  folder: string,
  stack: CleanupStack,
): Promise<Sample> {
  const consoleLog = join(folder, 'console.log');
  const { boot } = manifest;
  rmSync(consoleLog, { force: true });
  const start = performance.now();
  const qemu = await startQemu({
    spec: {
      machine: manifest.machine,
      accelerator: 'tcg',
      ...(boot.kind === 'firmware' ? { firmware: { attach: boot.attach, code: boot.code.path } } : {}),
      disks,
      consoleLog,
      qmpSocket: join(folder, 'qmp'),
    },
    logPath: join(folder, 'qemu.log'),
    deadline: Deadline.after(30_000),
    signal: new AbortController().signal,
  });
  stack.defer('QEMU', () => qemu.kill());
  await waitFor(
    'the guest to come up',
    () => (readFileSync(consoleLog, 'latin1').includes(upText) ? true : undefined),
    {
      deadline: Deadline.after(300_000),
    },
  );
  const wallSeconds = (performance.now() - start) / 1000;
  await qemu.kill();
  return { wallSeconds, qemuCpuSeconds: qemu.cpuSeconds };
}

function rawDisks(manifest: ImageManifest, folder: string): QemuSpec['disks'] {
  return manifest.disks.map((spec) => {
    const file = join(folder, `${spec.id}.raw`);
    copyFileSync(factoryPath(manifest, spec.id), file, constants.COPYFILE_FICLONE);
    return { ...spec, source: { file } };
  });
}

async function exportedDisks(
  manifest: ImageManifest,
  folder: string,
  stack: CleanupStack,
): Promise<QemuSpec['disks']> {
  const arena = stack.use('arena', await Arena.create(join(folder, 'boot.arena')));
  const exports = new Map();
  for (const { id } of manifest.disks) {
    const base = stack.use('base image', await FileDisk.open(factoryPath(manifest, id)));
    exports.set(id, new OverlayDisk(base, arena));
  }
  const socketPath = join(folder, 'boot.sock');
  stack.use('NBD server', await startNbdServer({ socketPath, exports, onNotice: () => undefined }));
  return manifest.disks.map((spec) => ({ ...spec, source: { nbd: { socketPath, exportName: spec.id } } }));
}

function factoryPath({ releases }: ImageManifest, disk: string): string {
  const file = releases[release]?.factory?.[disk];
  if (file === undefined) throw new Error(`the image has no disk ${disk}`);
  return file.path;
}

function medians(list: readonly Sample[]): Sample {
  return {
    wallSeconds: median(list.map((one) => one.wallSeconds)),
    qemuCpuSeconds: median(list.map((one) => one.qemuCpuSeconds)),
  };
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (place: number) => sorted[place] ?? Number.NaN;
  return round3((at((sorted.length - 1) >> 1) + at(sorted.length >> 1)) / 2);
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
