import { copyFileSync, constants, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { CleanupStack } from '../../dist/core/cleanup.js';
import { Deadline } from '../../dist/core/deadline.js';
import { waitFor } from '../../dist/core/wait.js';
import { buildImage } from '../../dist/image/build.js';
import { Arena } from '../../dist/nbd/arena.js';
import { FileDisk } from '../../dist/nbd/file-disk.js';
import { OverlayDisk } from '../../dist/nbd/overlay-disk.js';
import { startNbdServer } from '../../dist/nbd/server.js';
import { startQemu } from '../../dist/qemu/process.js';

/** What the reference image prints when its log-in is open. */
const upText = 'brownout: up';
const release = '1.0';

/** Boots one machine to its log-in, from our export and from raw files in turn; figures are medians of QEMU's CPU seconds. */
export async function measureGuestBoot(machine, rounds, folder) {
  const manifest = await buildImage({ name: 'rauc-ab', machine });
  const samples = { brownout: [], rawFile: [] };
  for (let round = 0; round < rounds; round += 1) {
    const order = Object.keys(samples);
    if (round % 2 === 1) order.reverse();
    for (const source of order) samples[source].push(await boot(manifest, source, folder));
  }
  const figures = Object.fromEntries(Object.entries(samples).map(([source, list]) => [source, medians(list)]));
  return {
    rounds,
    ...figures,
    qemuCpuRatio: round3(figures.brownout.qemuCpuSeconds / figures.rawFile.qemuCpuSeconds),
    wallRatio: round3(figures.brownout.wallSeconds / figures.rawFile.wallSeconds),
  };
}

async function boot(manifest, source, folder) {
  const stack = new CleanupStack();
  try {
    const disks = await (source === 'rawFile' ? rawDisks(manifest, folder) : exportedDisks(manifest, folder, stack));
    return await bootFrom(disks, manifest, folder, stack);
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

async function bootFrom(disks, manifest, folder, stack) {
  const consoleLog = join(folder, 'console.log');
  rmSync(consoleLog, { force: true });
  const start = performance.now();
  const qemu = await startQemu({
    spec: {
      machine: manifest.machine,
      accelerator: 'tcg',
      firmware: { attach: manifest.boot.attach, code: manifest.boot.code.path },
      disks,
      consoleLog,
      qmpSocket: join(folder, 'qmp'),
    },
    logPath: join(folder, 'qemu.log'),
    deadline: Deadline.after(30_000),
    signal: new AbortController().signal,
  });
  stack.defer('QEMU', () => qemu.kill());
  await waitFor('the guest to come up', () => (readFileSync(consoleLog, 'latin1').includes(upText) ? true : undefined), {
    deadline: Deadline.after(300_000),
  });
  const wallSeconds = (performance.now() - start) / 1000;
  await qemu.kill();
  return { wallSeconds, qemuCpuSeconds: qemu.cpuSeconds };
}

function rawDisks(manifest, folder) {
  return manifest.disks.map((spec) => {
    const file = join(folder, `${spec.id}.raw`);
    copyFileSync(manifest.releases[release].factory[spec.id].path, file, constants.COPYFILE_FICLONE);
    return { ...spec, source: { file } };
  });
}

async function exportedDisks(manifest, folder, stack) {
  const arena = stack.use('arena', await Arena.create(join(folder, 'boot.arena')));
  const exports = new Map();
  for (const { id } of manifest.disks) {
    const base = stack.use('base image', await FileDisk.open(manifest.releases[release].factory[id].path));
    exports.set(id, new OverlayDisk(base, arena));
  }
  const socketPath = join(folder, 'boot.sock');
  stack.use('NBD server', await startNbdServer({ socketPath, exports, onNotice: () => undefined }));
  return manifest.disks.map((spec) => ({ ...spec, source: { nbd: { socketPath, exportName: spec.id } } }));
}

function medians(list) {
  return { wallSeconds: median(list.map((one) => one.wallSeconds)), qemuCpuSeconds: median(list.map((one) => one.qemuCpuSeconds)) };
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return round3((sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2);
}

function round3(value) {
  return Math.round(value * 1000) / 1000;
}
