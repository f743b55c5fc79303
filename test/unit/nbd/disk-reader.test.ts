import { expect, it } from 'vitest';
import { DiskReader } from '../../../src/nbd/disk-reader.ts';

/** A disk whose bytes are their own offsets, and what was read of it. */
function counting() {
  const reads: string[] = [];
  const read = (offset: number, length: number) => {
    reads.push(`${offset}+${length}`);
    return Promise.resolve(Buffer.from(Array.from({ length }, (_, i) => offset + i)));
  };
  return { reads, disk: { bytes: 256, read } };
}

it('reads what a look asks for, in its order, each once', async () => {
  const { reads, disk } = counting();
  const reader = new DiskReader(disk);
  const follow = () => {
    const next = reader.view.read(8, 1)[0] ?? 0;
    return [...reader.view.read(next * 2, 2)];
  };
  expect(await reader.look(follow)).toEqual([16, 17]);
  expect(await reader.look(follow)).toEqual([16, 17]);
  expect(reads).toEqual(['8+1', '16+2']);
});

it('hands on what a look throws, and what the disk does', async () => {
  const { disk } = counting();
  const reader = new DiskReader(disk);
  await expect(
    reader.look(() => {
      throw new Error(`found ${String(reader.view.read(3, 1)[0])}`);
    }),
  ).rejects.toThrow('found 3');
  const broken = new DiskReader({ bytes: 1, read: () => Promise.reject(new Error('EIO')) });
  await expect(broken.look(() => broken.view.read(0, 1))).rejects.toThrow('EIO');
});
