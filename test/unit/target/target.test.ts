import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Deadline, DeadlinePassed } from '../../../src/core/deadline.ts';
import { startQemu } from '../../../src/qemu/process.ts';
import { type Booting, createTarget, type Ready, SnapshotStore } from '../../../src/target/target.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { MemoryDisk } from '../nbd/memory-disk.ts';

// Everything but QEMU is real; fake-qemu.mjs stands in its place on the path and does what each test says.
needPrograms('setpriv');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-target-'));
  const script = `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, 'fake-qemu.mjs')}' "$@"\n`;
  await writeFile(join(folder, 'qemu-system-x86_64'), script, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

let devices = 0;

/** A device whose QEMU does so, switched on. Disposing of any of its states ends it. */
async function device(acts: string, snapshots?: SnapshotStore): Promise<Booting> {
  devices += 1;
  const console = join(folder, `device${devices}`);
  const off = await createTarget({
    manifest: { ssh: { user: 'root', password: '' }, boot: { kind: 'builtin' }, qemu: {} },
    machine: 'qemux86-64',
    disks: [{ spec: { id: 'main', attach: 'virtio-blk', cache: 'writeback' }, disk: new MemoryDisk(4096) }],
    folder,
    consoleLog: (n) => join(console, `${n}.log`),
    accelerator: 'tcg',
    kernel: { kernel: 'K', append: acts },
    maxResets: 1,
    signal: new AbortController().signal,
    onNotice: () => undefined,
  });
  return off.powerOn(snapshots);
}

async function ready(acts: string): Promise<Ready> {
  const booting = await device(acts);
  const state = await booting.untilReady(Deadline.after(8000));
  if (state.state === 'ready') return state;
  await booting[Symbol.asyncDispose]();
  throw state.failure;
}

describe.concurrent('a device that does not come up', () => {
  it.each([
    ['boot-timeout', 'silent', 800, 'within 0.8 s'],
    ['boot-timeout', 'emergency', 2500, 'it waits for a human: You are in emergency mode'],
    ['no-ssh', 'refuses', 2500, 'it is on the network and nothing listens on its port 22'],
    ['ssh-login-refused', 'listens knows-nobody', 4000, 'the device refuses the login of root'],
    [
      'kernel-panic',
      'panic',
      8000,
      'the kernel panicked and stands still: Kernel panic - not syncing: no init',
    ],
    ['reset-loop', 'resets', 8000, 'the device reset itself 2 times; the limit is 1'],
    ['powered-off', 'powers-off', 8000, 'the device powered itself off while it booted'],
  ])('%s: %s', async (code, acts, limitMs, message) => {
    await using booting = await device(acts);
    expect(await booting.untilReady(Deadline.after(limitMs))).toMatchObject({
      state: 'broken',
      failure: { kind: 'device', code, message: expect.stringContaining(message) as string },
    });
  });
});

describe.concurrent('the start of a kernel', () => {
  it.each([
    ['what the console says', 'kernel unplugged'],
    ['the network', 'quiet'],
    ['the end of the power cycle', 'resets unplugged'],
  ])('is known by %s', async (_, acts) => {
    await using booting = await device(acts);
    await booting.untilKernel(Deadline.after(8000));
  });

  it('is waited for until the limit where nothing shows it', async () => {
    await using booting = await device('quiet unplugged');
    await expect(booting.untilKernel(Deadline.after(1500))).rejects.toBeInstanceOf(DeadlinePassed);
  });
});

it('a QEMU that is stopped for all of the limit is not a device that does not come up', async () => {
  await using booting = await device('stops listens');
  await expect(booting.untilReady(Deadline.after(1000))).rejects.toMatchObject({
    kind: 'harness',
    code: 'host-starved',
  });
});

it('a device that gave up while the host kept the CPU from it is not one that does not come up', async () => {
  await using booting = await device('stands-still emergency');
  await expect(booting.untilReady(Deadline.after(4000))).rejects.toMatchObject({
    kind: 'harness',
    code: 'host-starved',
  });
});

it('a device that resets itself has done so, however little the host let it run', async () => {
  await using state = await ready('listens');
  await expect(state.run('stumble', { deadline: Deadline.after(8000) })).rejects.toMatchObject({
    kind: 'device',
    code: 'connection-lost',
    message: expect.stringContaining('it reset itself') as string,
  });
});

describe.concurrent('a device that is up', () => {
  it('reboots and shuts down', async () => {
    await using first = await ready('listens');
    const state = await (await first.reboot()).untilReady(Deadline.after(8000));
    if (state.state !== 'ready') throw state.failure;
    expect((await state.shutdown()).state).toBe('off');
  });

  it('is followed through a reset of its own', async () => {
    await using state = await ready('listens');
    const order: string[] = [];
    const atEnd = () => Promise.resolve(void order.push('ended'));
    const booting = state.ownReset({ deadline: Deadline.after(8000), atEnd });
    await state.run('reboot', { deadline: Deadline.after(8000) }).catch(() => undefined);
    await (await booting).untilReady(Deadline.after(8000));
    expect(order).toEqual(['ended']);
  });

  it.each([
    ['does not come', 'listens', 300, 'did not within 0.3 s'],
    ['is a power-off', 'listens ends-otherwise', 4000, 'powered itself off'],
  ])('was to reset itself, and that %s', async (_, acts, ms, why) => {
    await using state = await ready(acts);
    const reset = state.ownReset({ deadline: Deadline.after(ms), atEnd: () => Promise.resolve() });
    if (ms > 1000) void state.run('reboot', { deadline: Deadline.after(ms) }).catch(() => undefined);
    await expect(reset).rejects.toMatchObject({
      code: 'no-reset',
      message: expect.stringContaining(why) as string,
    });
  });

  it('must keep its host key when it reboots', async () => {
    await using first = await ready('listens has-new-key');
    const again = await first.reboot();
    expect(await again.untilReady(Deadline.after(8000))).toMatchObject({ failure: { code: 'ssh-host-key' } });
  });

  it.each([
    ['listens fails-to-end', 'reboot ended with 1 on the device: not today', 'poweroff ended with 1'],
    [
      'listens ends-otherwise',
      'asked to reboot and did something else (guest-shutdown)',
      'asked to poweroff and did something else (guest-reset)',
    ],
    ['listens does-not-end', 'did not reboot within 0.3 s', 'did not poweroff within 0.3 s'],
  ])('may not end its power cycle as it is told: %s', async (acts, rebooting, shuttingDown) => {
    const deadline = () => Deadline.after(acts.includes('does-not-end') ? 300 : 8000);
    await using one = await ready(acts);
    await expect(one.reboot({ deadline: deadline() })).rejects.toMatchObject({
      kind: 'device',
      code: 'reboot-failed',
      message: expect.stringContaining(rebooting) as string,
    });
    await using other = await ready(acts);
    await expect(other.shutdown({ deadline: deadline() })).rejects.toMatchObject({
      kind: 'device',
      code: 'shutdown-failed',
      message: expect.stringContaining(shuttingDown) as string,
    });
  });

  it('ends commands under way where its power is cut', async () => {
    await using state = await ready('listens');
    const running = state.run('hang', { deadline: Deadline.after(8000) });
    const cut = expect(running).rejects.toMatchObject({ kind: 'harness', code: 'power-cut' });
    expect((await state.cutPower()).state).toBe('off');
    await cut;
  });
});

describe.concurrent('what the harness gets wrong is no failure of the device', () => {
  const booted = async (acts: string, snapshots?: SnapshotStore) => {
    await using booting = await device(acts, snapshots);
    return await booting.untilReady(Deadline.after(8000));
  };

  it('QEMU that breaks the protocol of its disks', async () => {
    await expect(booted('breaks-nbd')).rejects.toMatchObject({
      kind: 'harness',
      code: 'nbd-failed',
      message: expect.stringContaining('nbd: client dropped: ') as string,
    });
  });

  it('QEMU that stops its guest because a disk failed', async () => {
    await using snapshots = await SnapshotStore.create({
      folder: join(folder, 'snapshots'),
      isHot: () => false,
      onNotice: () => undefined,
    });
    await expect(booted('loses-disk', snapshots)).rejects.toMatchObject({
      kind: 'harness',
      code: 'disk-failed',
      message: 'QEMU stopped its guest because a disk failed: Input/output error',
    });
  });

  it('QEMU that ends while the device boots', async () => {
    await expect(booted('dies')).rejects.toMatchObject({ kind: 'harness', code: 'qemu-failed' });
  });

  it('QEMU that does not answer', async () => {
    const logPath = join(folder, 'qemu.log');
    const start = startQemu({
      spec: {
        machine: 'qemux86-64',
        accelerator: 'tcg',
        disks: [],
        consoleLog: join(folder, 'console'),
        qmpSocket: join(folder, 'qmp'),
        kernel: { kernel: 'K', append: 'mute' },
      },
      logPath,
      deadline: Deadline.after(300),
    });
    await expect(start).rejects.toMatchObject({ kind: 'harness', code: 'qemu-start-timeout', logPath });
    expect(await readFile(logPath, 'utf8')).toBe('');
  });
});
