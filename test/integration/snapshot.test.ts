import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import { waitFor } from '../../src/core/wait.ts';
import { buildImage } from '../../src/image/build.ts';
import type { ImageManifest } from '../../src/model/image.ts';
import { Arena } from '../../src/nbd/arena.ts';
import type { Disk } from '../../src/nbd/disk.ts';
import { FileDisk } from '../../src/nbd/file-disk.ts';
import { MappedDisk } from '../../src/nbd/mapped-disk.ts';
import { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { ReadSet } from '../../src/nbd/read-set.ts';
import { ReadSetDisk } from '../../src/nbd/read-set-disk.ts';
import { type Booting, createTarget, type Ready, SnapshotStore } from '../../src/target/target.ts';

const bootLimitMs = 180_000;
const limits = () => ({ deadline: Deadline.after(60_000) });
const stack = new CleanupStack();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-test-'));
  stack.defer('test folder', () => rm(folder, { recursive: true, force: true }));
});

afterAll(() => stack[Symbol.asyncDispose]());

/** What a device's disks hold, by position in the manifest. */
type Content = readonly Disk[];

/** Two contents that differ in one sector of the data partition, which only a running device reads. */
interface Contents {
  first: Content;
  second: Content;
}

/** A device with these contents under fresh overlays, and what it was told and shown. */
async function device(manifest: ImageManifest, label: string, contents: Content, owner: CleanupStack) {
  const notices: string[] = [];
  const arena = owner.use('arena', await Arena.create(join(folder, `${label}.arena`)));
  const overlays = contents.map((disk) => new OverlayDisk(disk, arena));
  const readSets = contents.map((disk) => new ReadSet(disk.bytes));
  const disks = manifest.disks.map((spec, i) => ({
    spec,
    disk: new ReadSetDisk(overlays[i]!, readSets[i]!),
  }));
  const off = owner.use(
    'target',
    await createTarget({
      manifest,
      machine: manifest.machine,
      disks,
      folder,
      consoleLog: (n) => join(folder, 'console', `${label}.${n}.log`),
      accelerator: 'tcg',
      signal: new AbortController().signal,
      onNotice: (message) => notices.push(message),
    }),
  );
  return { off, overlays, arena, notices, readSets };
}

async function ready(booting: Booting): Promise<Ready> {
  const state = await booting.untilReady(Deadline.after(bootLimitMs));
  if (state.state === 'broken') throw state.failure;
  return state;
}

/** Lets a factory-new device write a note, and makes another device of which the note says something else. */
async function contentsOf(manifest: ImageManifest, owner: CleanupStack): Promise<Contents> {
  const factory = await Promise.all(
    manifest.disks.map(async ({ id }) => {
      const path = manifest.releases['1.0']?.factory?.[id]?.path ?? '';
      return owner.use('base image', await FileDisk.open(path));
    }),
  );
  const { off, overlays, arena } = await device(manifest, `${manifest.machine}-first`, factory, owner);
  const on = await ready(await off.powerOn());
  await on.writeFile('/data/note', notes.first, limits());
  await on.run('sync', limits());
  await on.cutPower();
  const maps = overlays.map(({ map }) => map);
  const sector = (at: number) => (at < 0 ? Buffer.alloc(0) : arena.read(at, 1));
  const changed = arena.append(Buffer.from(notes.second.padEnd(512, '\0')));
  const others = maps.map((map) =>
    map.map((at) =>
      sector(at).subarray(0, notes.first.length).equals(Buffer.from(notes.first)) ? changed : at,
    ),
  );
  const mapped = (which: Int32Array[]) => factory.map((disk, i) => new MappedDisk(disk, which[i]!, arena));
  return { first: mapped(maps), second: mapped(others) };
}

const notes = { first: 'the note of the first device\n', second: 'the note of the other device\n' };

/** What a person would look at, and all of it must be the same however the boot began. */
async function look(on: Ready): Promise<string> {
  const files = 'cat /data/note /proc/cmdline /etc/os-release; ls -R /data /boot';
  return (await on.run(`${files}; cut -d' ' -f1-3 /proc/mounts`, limits())).stdout;
}

async function storeFor(manifest: ImageManifest, label: string, parts: () => boolean, owner: CleanupStack) {
  const last = manifest.slots.at(-1);
  const data = last === undefined ? 0 : last.offset + last.length;
  const store = await SnapshotStore.create({
    folder: join(folder, label),
    isHot: (disk, block) => disk === 'main' && block * 4096 >= data,
    branches: { parts },
    onNotice: () => undefined,
  });
  return owner.use('snapshots', store);
}

/** QEMU processes of one device. */
async function machines(label: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  const console = join(folder, 'console', `${label}.`);
  return lines.filter((line) => line.startsWith('qemu-system') && line.includes(console)).length;
}

describe.each(['qemux86-64', 'qemuarm64'] as const)('a snapshot of %s', (machine) => {
  const owner = new CleanupStack();
  let manifest: ImageManifest;
  let contents: Contents;

  beforeAll(async () => {
    manifest = await buildImage({ name: 'rauc-ab', machine });
    contents = await contentsOf(manifest, owner);
  });

  afterAll(() => owner[Symbol.asyncDispose]());

  it('boots other disks as a cold boot of them would, and no disks that its guest saw differently', async () => {
    await using own = new CleanupStack();
    const store = await storeFor(manifest, `${machine}-store`, () => true, own);

    const taking = await device(manifest, `${machine}-taking`, contents.first, own);
    const booting = await taking.off.powerOn(store);
    expect(booting.from).toBe('power-on');
    const one = await ready(booting);
    expect(await look(one)).toContain(notes.first);
    expect(store.counts.taken).toBeGreaterThan(0);
    await one.cutPower();

    const cold = await device(manifest, `${machine}-cold`, contents.second, own);
    const expected = await ready(await cold.off.powerOn());
    const seen = await look(expected);
    expect(seen).toContain(notes.second);
    await expected.cutPower();

    const warm = await device(manifest, `${machine}-warm`, contents.second, own);
    const restored = await warm.off.powerOn(store);
    expect(restored.from).toBe('snapshot');
    const two = await ready(restored);
    expect(await look(two)).toBe(seen);
    expect(two.cpuSeconds()).toBeLessThan(0.75 * expected.cpuSeconds());
    // Every block that a cold boot reads of the firmware's and the boot loader's is in the read set of this one too.
    for (const [i, set] of warm.readSets.entries()) {
      const missed = cold.readSets[i]!.blocksRead().recovered.filter((block) => !set.has(block));
      expect(missed.length).toBeLessThan(0.05 * cold.readSets[i]!.blocksRead().recovered.length + 1);
    }
    expect(await readFile(two.consolePath() ?? '', 'utf8')).toContain('brownout: initramfs');

    // A reset is a cold boot, on the disks themselves.
    const again = await ready(await two.reboot());
    expect((await again.readFile('/data/note', limits())).toString()).toBe(notes.second);
    await again.cutPower();

    const differing = contents.first.map((disk, i) =>
      manifest.disks[i]?.id === 'vars' ? flipLastByte(disk) : disk,
    );
    const refused = await (await device(manifest, `${machine}-refused`, differing, own)).off.powerOn(store);
    expect(refused.from).toBe('power-on');
    await refused.cutPower();
    expect(store.counts.restored).toBe(1);

    // A snapshot that does not load costs a cold boot and no more.
    const files = await readdir(join(folder, `${machine}-store`));
    for (const file of files) await truncate(join(folder, `${machine}-store`, file), 1 << 20);
    const torn = await device(manifest, `${machine}-torn`, contents.second, own);
    const instead = await torn.off.powerOn(store);
    expect(instead.from).toBe('power-on');
    expect(torn.notices.join()).toContain('booting cold, as a snapshot does not load');
    expect(await look(await ready(instead))).toBe(seen);
  });

  it('is dropped when the power fails while it is taken', async () => {
    await using own = new CleanupStack();
    let asked: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const parts = () => {
      setTimeout(asked, 30);
      return true;
    };
    const store = await storeFor(manifest, `${machine}-cut`, parts, own);
    const { off, notices } = await device(manifest, `${machine}-cut-taking`, contents.first, own);
    const booting = await off.powerOn(store);
    const followed = booting.untilReady(Deadline.after(bootLimitMs)).catch((error: unknown) => error);
    await held;
    await booting.cutPower();
    expect(await followed).toMatchObject({ name: 'PowerCut' });
    expect(store.counts).toEqual({ taken: 0, restored: 0, kept: 0 });
    expect(await readdir(join(folder, `${machine}-cut`))).toEqual([]);
    expect(notices).toEqual([]);
    const probe = async () => ((await machines(`${machine}-cut-taking`)) === 0 ? true : undefined);
    await waitFor('the end of QEMU', probe, { deadline: Deadline.after(5000) });
  });
});

/** The same disk but for one bit at its end. */
function flipLastByte(next: Disk): Disk {
  return {
    bytes: next.bytes,
    read: async (offset, length) => {
      const data = await next.read(offset, length);
      if (offset + length === next.bytes) data[length - 1]! ^= 1;
      return data;
    },
    write: (offset, data, fua) => next.write(offset, data, fua),
    zero: (offset, length, fua) => next.zero(offset, length, fua),
    trim: (offset, length, fua) => next.trim(offset, length, fua),
    flush: () => next.flush(),
  };
}
