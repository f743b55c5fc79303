import { randomBytes } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FileDisk } from '../../../src/nbd/file-disk.ts';
import { temporaryFolders } from './temporary.ts';

const folder = temporaryFolders();

async function image(content: Buffer): Promise<string> {
  const path = join(await folder(), 'image');
  await writeFile(path, content);
  return path;
}

it('reads any bytes of the file', async () => {
  const content = randomBytes(8192);
  await using disk = await FileDisk.open(await image(content));
  expect(disk.bytes).toBe(8192);
  expect(await disk.read(0, 8192)).toEqual(content);
  expect(await disk.read(513, 1)).toEqual(content.subarray(513, 514));
});

it('rounds an odd size up to a sector with zeros', async () => {
  const content = randomBytes(700);
  await using disk = await FileDisk.open(await image(content));
  expect(disk.bytes).toBe(1024);
  expect(await disk.read(0, 1024)).toEqual(Buffer.concat([content, Buffer.alloc(324)]));
  expect(await disk.read(1000, 24)).toEqual(Buffer.alloc(24));
});

it('reads holes as zeros', async () => {
  const path = await image(Buffer.alloc(0));
  await truncate(path, 1 << 30);
  await using disk = await FileDisk.open(path);
  expect(await disk.read(1 << 29, 4096)).toEqual(Buffer.alloc(4096));
});

it('fails with EIO when the file was cut short meanwhile', async () => {
  const path = await image(randomBytes(8192));
  await using disk = await FileDisk.open(path);
  await truncate(path, 4096);
  await expect(disk.read(4096, 512)).rejects.toMatchObject({ code: 'EIO' });
});

it('refuses to be written', async () => {
  await using disk = await FileDisk.open(await image(randomBytes(512)));
  for (const change of ['write', 'zero', 'trim'] as const)
    await expect(disk[change]()).rejects.toMatchObject({ code: 'EPERM' });
});

it('names an image that is missing, empty or no file', async () => {
  const empty = await image(Buffer.alloc(0));
  for (const path of ['/nonexistent/image', empty, await folder()]) {
    await expect(FileDisk.open(path)).rejects.toMatchObject({
      code: 'image-unreadable',
      message: expect.stringContaining(path) as string,
    });
  }
});
