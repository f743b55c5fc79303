import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { writeGzipFile } from '../../../src/core/gzip-file.ts';

it('writes what comes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gzip-'));
  try {
    await writeGzipFile(join(folder, 'file'), ['one\n', Buffer.from('two')]);
    expect(gunzipSync(await readFile(join(folder, 'file'))).toString()).toBe('one\ntwo');
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('ends with the reason on a full disk, however much is still to come', async () => {
  function* noise(): Generator<Buffer> {
    for (let i = 0; i < 2000; i += 1)
      yield Buffer.from(Array.from({ length: 4096 }, (_, k) => (i * k * 7919) >> 3));
  }
  await expect(writeGzipFile('/dev/full', noise())).rejects.toMatchObject({ code: 'ENOSPC' });
});
