import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import { buildImage } from '../../src/image/build.ts';
import { Arena } from '../../src/nbd/arena.ts';
import { FileDisk } from '../../src/nbd/file-disk.ts';
import { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { createTarget } from '../../src/target/target.ts';

/** Where ext4 keeps its superblock, from the start of the partition (kernel documentation, ext4 "The Super Block"). */
const superblock = { offset: 1024, bytes: 1024 };

it('the reference image repairs a data partition whose superblock a cut has torn', async () => {
  await using stack = new CleanupStack();
  const folder = await mkdtemp(join(tmpdir(), 'brownout-test-'));
  stack.defer('test folder', () => rm(folder, { recursive: true }));
  const manifest = await buildImage({ name: 'rauc-ab', machine: 'qemuarm64' });
  const arena = stack.use('arena', await Arena.create(join(folder, 'arena')));
  const disks = await Promise.all(
    manifest.disks.map(async (spec) => {
      const base = stack.use(
        'base image',
        await FileDisk.open(manifest.releases['1.0']!.factory![spec.id]!.path),
      );
      return { spec, disk: new OverlayDisk(base, arena) };
    }),
  );
  const lastSlot = manifest.slots.at(-1)!;
  const main = disks.find(({ spec }) => spec.id === lastSlot.disk)!.disk;
  const data = lastSlot.offset + lastSlot.length + superblock.offset;
  expect((await main.read(data + 56, 2)).toString('hex')).toBe('53ef'); // s_magic
  await main.zero(data + superblock.bytes / 2, superblock.bytes / 2, true);

  const off = stack.use(
    'target',
    await createTarget({
      manifest,
      machine: 'qemuarm64',
      disks,
      folder,
      consoleLog: () => join(folder, 'console.log'),
      accelerator: 'tcg',
      signal: new AbortController().signal,
      onNotice: () => undefined,
    }),
  );
  const state = await (await off.powerOn()).untilReady(Deadline.after(180_000));
  if (state.state === 'broken') throw state.failure;
  const { stdout } = await state.run('grep " /data " /proc/mounts', { deadline: Deadline.after(60_000) });
  expect(stdout).toMatch(/^\/dev\/vda4 \/data ext4 /);
});
