import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { LateDisk } from '../../../src/nbd/late-disk.ts';
import { MemoryDisk } from './memory-disk.ts';

/** The milliseconds by which 200 requests are late, and what a read gives of each write right after it was asked for. */
async function requests(seed: number) {
  const waited: number[] = [];
  const disk = new LateDisk(new MemoryDisk(64 << 10), new Random(seed), (ms) => {
    waited.push(ms);
    return Promise.resolve();
  });
  const seen: number[] = [];
  for (let i = 0; i < 100; i += 1) {
    const written = disk.write(i * 512, Buffer.alloc(512, i), i % 2 === 0);
    const [byte] = await disk.read(i * 512, 1);
    seen.push(byte ?? -1);
    await written;
  }
  return { waited, seen };
}

describe('a disk that answers late', () => {
  it('does everything in the order in which it was asked for', async () => {
    expect((await requests(1)).seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('is late by what its seed draws, and seldom', async () => {
    const { waited } = await requests(1);
    expect(waited.length).toBeGreaterThan(5);
    expect(waited.length).toBeLessThan(60);
    for (const ms of waited) expect(ms).toBeGreaterThan(0);
    expect(Math.max(...waited)).toBeLessThanOrEqual(8);
    expect((await requests(1)).waited).toEqual(waited);
    expect((await requests(2)).waited).not.toEqual(waited);
  });

  it('hands on flushes, zeros, discards and errors', async () => {
    const memory = new MemoryDisk(4096);
    const disk = new LateDisk(memory, new Random(1), () => Promise.resolve());
    await disk.write(0, Buffer.alloc(4096, 1), false);
    await disk.zero(0, 512, false);
    await disk.trim(512, 512, false);
    await disk.flush();
    expect([...(await disk.read(0, 1)), ...(await disk.read(1024, 1))]).toEqual([0, 1]);
    memory.failure = new Error('no');
    await expect(disk.read(0, 512)).rejects.toThrow('no');
  });
});
