/**
 * Holds our NBD server against qemu-nbd: the same image, clients that are neither's (nbdcopy, qemu-img bench),
 * interleaved rounds, each on a fresh overlay. Prints one JSON object. Needs the built dist/ (npm run bench:nbd).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureGuestBoot } from './guest-boot.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    megabytes: { type: 'string', default: '256' },
    boots: { type: 'string', default: '3' },
  },
});
const rounds = Number(values.rounds);
const bootRounds = Number(values.boots);
const imageBytes = Number(values.megabytes) << 20;
/** A program and its arguments. */
type Command = [program: string, args: string[]];
type Server = 'brownout' | 'qemuNbd';

interface Sample {
  wallSeconds: number;
  cpuSeconds: number;
}

interface Workload {
  client: (uri: string) => Command;
  bytes?: number;
  operations?: number;
  warmUp?: boolean;
}

/** A stride that is coprime to the image's number of blocks, so that 4 KiB accesses jump over all of it. */
const stride = 4096 * 4177;

/**
 * What a client does, in this order; `bytes` and `operations` are what a rate is made of. `warmUp`: once more
 * before, uncounted, for page cache, just-in-time compiler and memory that the host has yet to provide. The sequential write
 * meets a fresh overlay; the random write then overwrites, in place for qemu-nbd, appending for us.
 */
const workloads: Record<string, Workload> = {
  sequentialRead: { client: (uri) => ['nbdcopy', [uri, 'null:']], bytes: imageBytes, warmUp: true },
  randomRead4k: { ...bench4k(40_000, []), warmUp: true },
  sequentialWrite256k: {
    client: (uri) => [
      'qemu-img',
      [
        'bench',
        '-f',
        'raw',
        '-w',
        '--pattern=90',
        '-d',
        '4',
        '-s',
        '256k',
        '-c',
        String(imageBytes >> 18),
        uri,
      ],
    ],
    bytes: imageBytes,
  },
  randomWrite4k: bench4k(20_000, ['-w', '--pattern=90']),
};

function bench4k(operations: number, extra: readonly string[]): Workload {
  const args = [
    'bench',
    '-f',
    'raw',
    ...extra,
    '-d',
    '16',
    '-s',
    '4096',
    '-S',
    String(stride),
    '-c',
    String(operations),
  ];
  return { client: (uri: string) => ['qemu-img', [...args, uri]], operations };
}

/** Both take writes on an overlay and leave the image alone. */
const servers: Record<Server, (image: string, folder: string, socket: string) => Command> = {
  brownout: (image, folder, socket) => [
    process.execPath,
    [fileURLToPath(new URL('nbd-serve.mjs', import.meta.url)), image, join(folder, 'arena'), socket],
  ],
  qemuNbd: (image, _folder, socket) => [
    'qemu-nbd',
    ['--persistent', '--snapshot', '--discard=unmap', '-f', 'raw', '-x', 'vda', '-k', socket, image],
  ],
};

/** Each measurement is one part of the printed object. */
const measurements: Record<string, (folder: string) => Promise<object>> = {
  throughput: measureThroughput,
  guestBootX86: (folder) => measureGuestBoot('qemux86-64', bootRounds, folder),
  guestBootArm64: (folder) => measureGuestBoot('qemuarm64', bootRounds, folder),
};

async function measureThroughput(folder: string) {
  const image = join(folder, 'image');
  writeImage(image);
  const samples = new Map<string, Record<Server, Sample[]>>();
  for (const name of Object.keys(workloads)) samples.set(name, { brownout: [], qemuNbd: [] });
  for (let round = 0; round < rounds; round += 1) {
    const order: Server[] = ['brownout', 'qemuNbd'];
    if (round % 2 === 1) order.reverse();
    for (const server of order) {
      for (const [name, sample] of await measureServer(server, image, folder))
        samples.get(name)?.[server].push(sample);
    }
  }
  return Object.fromEntries(
    [...samples].map(([name, byServer]) => [name, summarise(workloads[name], byServer)]),
  );
}

async function measureServer(server: Server, image: string, folder: string): Promise<Map<string, Sample>> {
  const socket = join(folder, `${server}.sock`);
  const [program, args] = servers[server](image, folder, socket);
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    await waitForSocket(socket, child);
    const uri = `nbd+unix:///vda?socket=${socket}`;
    const results = new Map<string, Sample>();
    for (const [name, { client, warmUp = false }] of Object.entries(workloads)) {
      const [tool, toolArgs] = client(uri);
      const runClient = () => execFileSync(tool, toolArgs, { stdio: ['ignore', 'ignore', 'inherit'] });
      if (warmUp) runClient();
      const cpuBefore = cpuSeconds(child.pid);
      const start = performance.now();
      runClient();
      const wallSeconds = (performance.now() - start) / 1000;
      results.set(name, { wallSeconds, cpuSeconds: cpuSeconds(child.pid) - cpuBefore });
    }
    return results;
  } finally {
    child.kill('SIGTERM');
    await ended;
    for (const left of [socket, join(folder, 'arena')]) rmSync(left, { force: true });
  }
}

/** Medians over the rounds; the ratios are ours to qemu-nbd's: of the rate more is better, of CPU seconds less. */
function summarise(workload: Workload | undefined, byServer: Record<Server, Sample[]>) {
  const figuresOf = (samples: readonly Sample[]) => {
    const wallSeconds = median(samples.map((sample) => sample.wallSeconds));
    const { bytes, operations = 0 } = workload ?? {};
    const rate =
      bytes === undefined
        ? { iops: Math.round(operations / wallSeconds) }
        : { megabytesPerSecond: Math.round(bytes / 1e6 / wallSeconds) };
    return {
      ...rate,
      wallSeconds: round3(wallSeconds),
      bestWallSeconds: round3(Math.min(...samples.map((sample) => sample.wallSeconds))),
      serverCpuSeconds: round3(median(samples.map((sample) => sample.cpuSeconds))),
    };
  };
  const [brownout, qemuNbd] = [figuresOf(byServer.brownout), figuresOf(byServer.qemuNbd)];
  return {
    ...{ brownout, qemuNbd },
    rateRatio: round3(qemuNbd.wallSeconds / brownout.wallSeconds),
    serverCpuRatio: round3(brownout.serverCpuSeconds / qemuNbd.serverCpuSeconds),
  };
}

/** User and system time of a process so far (proc(5), /proc/pid/stat, fields 14 and 15, in 1/100 s). */
function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function waitForSocket(socket: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (child.exitCode !== null || tries > 200) throw new Error(`no server came up on ${socket}`);
    await sleep(50);
  }
}

function writeImage(path: string): void {
  const file = openSync(path, 'w');
  for (let at = 0; at < imageBytes; at += 1 << 20) writeSync(file, randomBytes(1 << 20));
  closeSync(file);
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (place: number) => sorted[place] ?? Number.NaN;
  return (at((sorted.length - 1) >> 1) + at(sorted.length >> 1)) / 2;
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function versionOf(program: string): string | undefined {
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n')[0];
}

const folder = mkdtempSync(join(tmpdir(), 'brownout-bench-'));
try {
  const result: Record<string, object> = {
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model,
      node: process.version,
      qemu: versionOf('qemu-nbd'),
      libnbd: versionOf('nbdcopy'),
    },
    settings: { rounds, bootRounds, imageBytes },
  };
  for (const [name, measure] of Object.entries(measurements)) result[name] = await measure(folder);
  console.log(JSON.stringify(result, undefined, 2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
