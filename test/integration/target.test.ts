import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import { waitFor } from '../../src/core/wait.ts';
import { buildImage } from '../../src/image/build.ts';
import type { ImageManifest } from '../../src/model/image.ts';
import type { MachineName } from '../../src/model/machine.ts';
import { Arena } from '../../src/nbd/arena.ts';
import { FileDisk } from '../../src/nbd/file-disk.ts';
import { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { WriteBackCache } from '../../src/nbd/write-back-cache.ts';
import { run } from '../../src/process/run.ts';
import { chooseAccelerator } from '../../src/qemu/accelerator.ts';
import {
  type Booting,
  type Broken,
  createTarget,
  type Ready,
  type TargetOptions,
} from '../../src/target/target.ts';
import { WriteLog } from '../../src/writelog/log.ts';

const bootLimitMs = 180_000;
const limits = (ms = 60_000) => ({ deadline: Deadline.after(ms) });
const images = new Map<MachineName, ImageManifest>();
const stack = new CleanupStack();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'target-test-'));
  stack.defer('test folder', () => rm(folder, { recursive: true, force: true }));
  for (const machine of ['qemux86-64', 'qemuarm64'] as const) {
    images.set(machine, await buildImage({ name: 'rauc-ab', machine }));
  }
});

afterAll(() => stack[Symbol.asyncDispose]());

function image(machine: MachineName): ImageManifest {
  const found = images.get(machine);
  if (found === undefined) throw new Error(`no image for ${machine}`);
  return found;
}

/** What every target of this file has in common. */
function bench(machine: MachineName, label: string): TargetOptions & { notices: string[] } {
  const notices: string[] = [];
  return {
    manifest: image(machine),
    machine,
    disks: [],
    folder,
    consoleLog: (n) => join(folder, 'console', `${label}.${n}.log`),
    accelerator: 'tcg',
    signal: new AbortController().signal,
    onNotice: (message) => notices.push(message),
    notices,
  };
}

/** The disks of release 1.0 with a volatile cache, as a factory-new device has them. */
async function factoryDisks(machine: MachineName, label: string, owner: CleanupStack) {
  const manifest = image(machine);
  const arena = owner.use('arena', await Arena.create(join(folder, `${label}.arena`)));
  return Promise.all(
    manifest.disks.map(async (spec) => {
      const path = manifest.releases['1.0']?.factory?.[spec.id]?.path ?? '';
      const base = owner.use('base image', await FileDisk.open(path));
      return { spec, disk: new WriteBackCache(new OverlayDisk(base, arena)) };
    }),
  );
}

async function ready(booting: Booting): Promise<Ready> {
  const state = await booting.untilReady(Deadline.after(bootLimitMs));
  if (state.state === 'broken') throw state.failure;
  return state;
}

async function broken(booting: Booting, ms = bootLimitMs): Promise<Broken> {
  const state = await booting.untilReady(Deadline.after(ms));
  if (state.state === 'ready') throw new Error('the device came up');
  return state;
}

/** PIDs of processes whose command line mentions `text`. */
async function processesWith(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, i) => lines[i]?.startsWith('qemu-system') === true && lines[i].includes(text));
}

describe.each(['qemux86-64', 'qemuarm64'] as const)('a device on %s', (machine) => {
  it('boots, does what it is told, and loses at a power cut exactly what it had not flushed', async () => {
    await using owner = new CleanupStack();
    const disks = await factoryDisks(machine, machine, owner);
    const off = owner.use('target', await createTarget({ ...bench(machine, machine), disks }));
    const first = await ready(await off.powerOn());

    expect(first.resets).toBe(0);
    expect(await first.run('uname -s; exit 7', limits())).toMatchObject({ exitCode: 7, stdout: 'Linux\n' });
    const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 256));
    await first.writeFile('/data/flushed', bytes, limits());
    await first.run('sync', limits());
    await first.writeFile('/data/lost', 'never flushed', limits());
    expect(first.cpuSeconds()).toBeGreaterThan(1);

    const cut = await first.cutPower();
    await Promise.all(disks.map(({ disk }) => disk.losePower()));
    await expect(first.run('true', limits())).rejects.toMatchObject({ code: 'target-state' });

    const second = await ready(await cut.powerOn());
    expect((await second.readFile('/data/flushed', limits())).equals(bytes)).toBe(true);
    await expect(second.readFile('/data/lost', limits())).rejects.toMatchObject({ code: 'guest-file' });

    const bootId = async (on: Ready) =>
      (await on.readFile('/proc/sys/kernel/random/boot_id', limits())).toString();
    const before = await bootId(second);
    const third = await ready(await second.reboot());
    expect(await bootId(third)).not.toBe(before);
    expect((await third.shutdown()).state).toBe('off');
    expect(await processesWith(join(folder, 'console', machine))).toEqual([]);
  });
});

describe.each(['qemux86-64', 'qemuarm64'] as const)('a reset of %s', (machine) => {
  it('flushes nothing, although QEMU does when it ends', async () => {
    await using owner = new CleanupStack();
    const manifest = image(machine);
    const arena = owner.use('arena', await Arena.create(join(folder, `${machine}-reset.arena`)));
    const files = manifest.disks.map(({ id }) => manifest.releases['1.0']!.factory![id]!);
    const log = new WriteLog(
      manifest.disks.map(({ id, cache }, i) => ({ id, cache, sectors: files[i]!.bytes / 512 })),
    );
    const disks = await Promise.all(
      manifest.disks.map(async (spec, i) => {
        const base = owner.use('base image', await FileDisk.open(files[i]!.path));
        return { spec, disk: new OverlayDisk(base, arena, { log, disk: i }) };
      }),
    );
    const onPower = (on: boolean) => {
      log.guestRuns = on;
    };
    const options = { ...bench(machine, `${machine}-reset`), disks, onPower };
    const off = owner.use('target', await createTarget(options));
    const device = await ready(await off.powerOn());
    const flushes = () => log.records.filter(({ kind }) => kind === 'flush');

    const before = flushes().length;
    await device.run('echo 1 > /data/kept && sync', limits());
    const asked = flushes().slice(before);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ completed }) => completed !== undefined)).toBe(true);

    await expect(device.run('echo b > /proc/sysrq-trigger; sleep 60', limits())).rejects.toMatchObject({
      code: 'connection-lost',
    });
    const made = flushes().slice(before + asked.length);
    expect(made.length).toBeGreaterThanOrEqual(manifest.disks.length);
    expect(made.filter(({ completed }) => completed !== undefined)).toEqual([]);
  });
});

/** A kernel and initramfs that do as the command line says, without any disk. */
function direct(machine: MachineName, append: string): Pick<TargetOptions, 'kernel'> {
  const probe = image(machine).probe;
  if (probe === undefined) throw new Error('the image has no probe kernel');
  const console = machine === 'qemux86-64' ? 'ttyS0' : 'ttyAMA0';
  return {
    kernel: {
      kernel: probe.kernel.path,
      initrd: probe.initrd.path,
      append: `console=${console} mitigations=off ${append}`,
    },
  };
}

describe('a device that does not come up', () => {
  it('is in a reset loop when its kernel panics and resets at every boot', async () => {
    const options = bench('qemuarm64', 'loop');
    await using off = await createTarget({
      ...options,
      ...direct('qemuarm64', 'rdinit=/none panic=1'),
      maxResets: 2,
    });
    const state = await broken(await off.powerOn());
    expect(state.failure).toMatchObject({
      code: 'reset-loop',
      kind: 'device',
      logPath: join(folder, 'console', 'loop.3.log'),
    });
    expect(state.failure.message).toMatch(
      /3 times; the limit is 2.*Kernel panic|3 times; the limit is 2.*root/,
    );
    expect(state.resets).toBe(3);
    expect(options.notices).toHaveLength(2);
    expect((await state.cutPower()).state).toBe('off');
  });

  it('has panicked when its kernel stands still after a panic, and nobody waits for the deadline', async () => {
    await using off = await createTarget({
      ...bench('qemux86-64', 'halt'),
      ...direct('qemux86-64', 'rdinit=/none panic=0'),
    });
    const state = await broken(await off.powerOn());
    expect(state.failure).toMatchObject({
      code: 'kernel-panic',
      logPath: join(folder, 'console', 'halt.1.log'),
    });
    expect(state.failure.message).toContain('Kernel panic');
  });

  it('is told apart when it powers itself off', async () => {
    await using off = await createTarget({
      ...bench('qemuarm64', 'self-off'),
      ...direct('qemuarm64', 'panic=1'),
    });
    expect((await broken(await off.powerOn())).failure).toMatchObject({ code: 'powered-off' });
  });

  it('runs into the deadline when it hangs, and the failure names the limit', async () => {
    await using off = await createTarget({
      ...bench('qemuarm64', 'hang'),
      ...direct('qemuarm64', 'rdinit=/none panic=600'),
    });
    const state = await broken(await off.powerOn(), 15_000);
    expect(state.failure.code).toBe('kernel-panic');
    expect(state.failure.message).toContain('within 15 s');
  });
});

describe('trouble of the host', () => {
  it('names a forwarded port that is taken', async () => {
    await using owner = new CleanupStack();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    owner.defer('port', () => server.close());
    const { port } = server.address() as AddressInfo;
    const off = owner.use('target', await createTarget({ ...bench('qemuarm64', 'port'), sshPort: port }));
    await expect(off.powerOn()).rejects.toMatchObject({
      code: 'port-taken',
      kind: 'harness',
      message: expect.stringContaining(String(port)) as string,
    });
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'is not taken for the device when QEMU gets %s from outside',
    async (signal) => {
      await using off = await createTarget({
        ...bench('qemuarm64', `oom-${signal}`),
        ...direct('qemuarm64', 'rdinit=/none panic=600'),
      });
      const booting = await off.powerOn();
      const outcome = booting.untilReady(Deadline.after(60_000));
      for (const pid of await processesWith(join(folder, 'console', `oom-${signal}.1.log`)))
        process.kill(Number(pid), signal);
      await expect(outcome).rejects.toMatchObject({ code: 'qemu-killed', kind: 'harness' });
    },
  );

  it('says that QEMU cannot start, with its log', async () => {
    const options = { ...bench('qemuarm64', 'bad'), ...direct('qemuarm64', '') };
    const kernel = { kernel: join(folder, 'absent') };
    await using off = await createTarget({ ...options, kernel });
    const logPath = join(folder, 'qemu', 'bad.1.log');
    await expect(off.powerOn()).rejects.toMatchObject({ code: 'qemu-failed', logPath });
    expect(existsSync(logPath)).toBe(true);
  });

  it('chooses an accelerator by what really boots, and remembers it', async () => {
    const probe = image('qemux86-64').probe;
    const cacheFolder = join(folder, 'accelerator');
    const choose = () => chooseAccelerator({ machine: 'qemux86-64', probe, cacheFolder });
    const first = await choose();
    expect(first.reason).not.toBe('');
    const started = performance.now();
    expect(await choose()).toEqual(first);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await chooseAccelerator({ machine: 'qemuarm64', probe, cacheFolder })).toMatchObject(
      process.arch === 'arm64' ? {} : { accelerator: 'tcg' },
    );
  });
});

describe('the end of the harness', () => {
  it('ends QEMU at once when the signal aborts, whoever waits', async () => {
    const controller = new AbortController();
    const options = { ...bench('qemuarm64', 'abort'), ...direct('qemuarm64', 'rdinit=/none panic=600') };
    await using off = await createTarget({ ...options, signal: controller.signal });
    const outcome = (await off.powerOn()).untilReady(Deadline.after(60_000));
    controller.abort(new Error('Ctrl-C'));
    await expect(outcome).rejects.toThrow('Ctrl-C');
    await gone(join(folder, 'console', 'abort.1.log'));
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('leaves no QEMU when the harness dies of %s', async (signal) => {
    const harness = await compiledHarness();
    const consoleLog = join(folder, `orphan-${signal}.log`);
    const probe = image('qemuarm64').probe;
    const child = spawn(process.execPath, [harness, consoleLog, probe?.kernel.path ?? '', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(await processesWith(consoleLog)).toHaveLength(1);
    child.kill(signal);
    await once(child, 'exit');
    await gone(consoleLog);
  });
});

/** Waits until no QEMU with this console is left. */
async function gone(consoleLog: string): Promise<void> {
  const probe = async () => ((await processesWith(consoleLog)).length === 0 ? true : undefined);
  await waitFor('the end of QEMU', probe, { deadline: Deadline.after(5000) });
}

/** A program that switches a target on and stays: Node 20 runs JavaScript only, so src/ is compiled for it. */
async function compiledHarness(): Promise<string> {
  const out = join(import.meta.dirname, '../../node_modules/.cache/brownout-target-test');
  const program = join(out, 'hold.js');
  if (existsSync(program)) return program;
  stack.defer('compiled harness', () => rm(out, { recursive: true, force: true }));
  await mkdir(out, { recursive: true });
  const project = join(import.meta.dirname, '../../.config/tsconfig.build.json');
  const tsc = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', project, '--outDir', out, '--incremental', 'false', '--tsBuildInfoFile', 'null'];
  await run({ program: process.execPath, args, okCodes: [0, 1, 2] });
  await writeFile(join(out, 'package.json'), '{"type":"module"}');
  await writeFile(
    program,
    `import { createTarget } from './target/target.js';
    const [consoleLog, kernel, folder] = process.argv.slice(2);
    const manifest = { ssh: { user: '', privateKey: '', hostKeySha256: '' }, qemu: {} };
    const off = await createTarget({
      manifest, machine: 'qemuarm64', disks: [], folder, consoleLog: () => consoleLog, accelerator: 'tcg',
      kernel: { kernel, append: 'panic=600' }, signal: new AbortController().signal, onNotice: () => {},
    });
    await off.powerOn();
    console.log('on');
    setInterval(() => {}, 1000);
    `,
  );
  return program;
}
