import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { Contents, type Prologue, PrologueRecorder } from '../../../src/nbd/prologue.ts';
import { type Snapshot, SnapshotStore, type SnapshotStoreOptions } from '../../../src/target/target.ts';
import { MemoryDisk } from '../nbd/memory-disk.ts';

const { signal } = new AbortController();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshots-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (options: Partial<SnapshotStoreOptions> = {}) =>
  SnapshotStore.create({
    folder: join(folder, 'store'),
    isHot: () => true,
    onNotice: () => undefined,
    ...options,
  });

/** A disk whose sectors hold these bytes. */
function diskWith(...bytes: number[]): MemoryDisk {
  const disk = new MemoryDisk(bytes.length * 512);
  for (const [i, byte] of bytes.entries()) disk.data.fill(byte, i * 512, (i + 1) * 512);
  return disk;
}

/** What a guest was shown that read the first `count` sectors. */
async function shown(disk: MemoryDisk, count: number): Promise<Prologue> {
  const recorder = new PrologueRecorder([['main', disk]]);
  for (let i = 0; i < count; i += 1) await recorder.read('main', disk, i * 512, 512);
  const { prologue } = recorder;
  if (prologue === undefined) throw new Error('spoiled');
  return prologue;
}

async function keep(store: SnapshotStore, prologue: Prologue, cpuSeconds: number, machineKey = 'm') {
  // What was shown tells these prologues apart.
  const trace = BigInt(`0x${sha256(JSON.stringify(prologue)).slice(0, 32)}`);
  const rest = { prologue, trace, machineKey, console: Buffer.alloc(0), networkUp: false, cpuSeconds };
  const save = async (path: string): Promise<Omit<Snapshot, 'path'>> => {
    await writeFile(path, 'state');
    return rest;
  };
  await store.keep(save, { machineKey, trace });
  return trace;
}

const fitting = (store: SnapshotStore, disk: MemoryDisk, machineKey = 'm') =>
  store.fitting(machineKey, new Contents(new Map([['main', disk]])), signal);

it('gives the deepest snapshot that fits, and none to another machine', async () => {
  await using store = await open();
  const disk = diskWith(1, 2, 3);
  await keep(store, await shown(disk, 1), 1);
  await keep(store, await shown(disk, 3), 3);
  expect((await fitting(store, disk))?.cpuSeconds).toBe(3);
  expect((await fitting(store, diskWith(1, 2, 4)))?.cpuSeconds).toBe(1);
  expect(await fitting(store, diskWith(2, 2, 3))).toBeUndefined();
  expect(await fitting(store, disk, 'another')).toBeUndefined();
});

it('knows which places it has snapshots of', async () => {
  await using store = await open();
  const trace = await keep(store, await shown(diskWith(1, 2), 2), 1);
  expect(store.has({ machineKey: 'm', trace })).toBe(true);
  expect(store.has({ machineKey: 'another', trace })).toBe(false);
  expect(store.has({ machineKey: 'm', trace: trace + 1n })).toBe(false);
  expect(store.counts).toEqual({ taken: 1, restored: 0, kept: 1 });
});

it('keeps no more than its limit: the one unused for longest goes, with its file', async () => {
  await using store = await open({ limit: 2 });
  const disks = [diskWith(1), diskWith(2), diskWith(3)];
  for (const disk of disks.slice(0, 2)) await keep(store, await shown(disk, 1), 1);
  const [first, second, third] = disks as [MemoryDisk, MemoryDisk, MemoryDisk];
  const old = await fitting(store, second);
  await fitting(store, first);
  await keep(store, await shown(third, 1), 1);
  expect(await fitting(store, second)).toBeUndefined();
  expect(await fitting(store, first)).toBeDefined();
  expect(existsSync(old?.path ?? '')).toBe(false);
  expect(store.counts).toMatchObject({ taken: 3, kept: 2 });
});

it('keeps nothing of a snapshot that failed, and nothing after its end', async () => {
  const store = await open();
  const failing = async (path: string): Promise<never> => {
    await writeFile(path, 'half');
    throw new Error('no space');
  };
  await expect(store.keep(failing, { machineKey: 'm', trace: 1n })).rejects.toThrow('no space');
  expect(store.counts).toEqual({ taken: 0, restored: 0, kept: 0 });
  await keep(store, await shown(diskWith(1), 1), 1);
  await store[Symbol.asyncDispose]();
  expect(existsSync(join(folder, 'store'))).toBe(false);
});
