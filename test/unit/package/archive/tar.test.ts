import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { type NewTarEntry, packTar, readTar } from '../../../../src/package/archive/tar.ts';

/** What nobody caught while `work` ran: vitest would tell of it as well, but of no test. */
async function uncaughtDuring(work: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  const note = (error: unknown) => void uncaught.push(error);
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    process.off('uncaughtException', note);
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  return uncaught;
}

const entries = (count: number): NewTarEntry[] =>
  Array.from({ length: count }, (_, i) => ({
    type: 'file',
    path: `file${i}`,
    mode: 0o644,
    content: Buffer.alloc(100_000, i),
  }));

it('an archive for which the disk is too small ends with that reason, and with no error of its entries', async () => {
  const uncaught = await uncaughtDuring(async () => {
    const written = pipeline(packTar(entries(50), 0), createWriteStream('/dev/full'));
    await expect(written).rejects.toMatchObject({ code: 'ENOSPC' });
  });
  expect(uncaught).toEqual([]);
});

it('an archive whose source fails in the middle of an entry that nobody reads ends with that reason', async () => {
  const bytes: Buffer[] = [];
  for await (const chunk of packTar(entries(2), 0)) bytes.push(chunk as Buffer);
  const half = Buffer.concat(bytes).subarray(0, 50_000);
  async function* breaking(): AsyncGenerator<Buffer> {
    yield half;
    await Promise.resolve();
    throw Object.assign(new Error('gone'), { code: 'EIO' });
  }
  const uncaught = await uncaughtDuring(async () => {
    const read = async () => {
      for await (const { path } of readTar(breaking())) expect(path).toBe('/file0');
    };
    await expect(read()).rejects.toMatchObject({ code: 'EIO' });
  });
  expect(uncaught).toEqual([]);
});

it('an archive has a second name of a file as a hard link, with the mode of the file', async () => {
  const file = { path: 'a', type: 'file', mode: 0o600, content: Buffer.from('x') } as const;
  const packed: Buffer[] = [];
  for await (const chunk of packTar([file, { path: 'b', type: 'link', mode: 0o600, target: 'a' }], 0))
    packed.push(chunk as Buffer);
  const found: unknown[] = [];
  for await (const { path, type, mode, target } of readTar(Readable.from(packed)))
    found.push([path, type, mode, target]);
  expect(found).toEqual([
    ['/a', 'file', 0o600, undefined],
    ['/b', 'link', 0o600, 'a'],
  ]);
});
