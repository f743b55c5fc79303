import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { readSlotFiles } from '../../../src/image/slot-files.ts';
import { gzip } from '../../../src/package/archive/compression.ts';
import { packTar } from '../../../src/package/archive/tar.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-slot-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, content: string | Buffer) {
  const path = join(folder, name);
  await writeFile(path, content);
  return readSlotFiles(path);
}

describe('the files of a slot', () => {
  it('come from a list as sha256sum prints it', async () => {
    const list = `${sha256('b')}  ./usr/bin/b\n${sha256('a')} *etc/a b\n`;
    expect(await read('root.sha256', list)).toEqual({
      '/etc/a b': sha256('a'),
      '/usr/bin/b': sha256('b'),
    });
  });

  it.each(['root.tar', 'root.tar.gz'])('come from an archive: %s', async (name) => {
    const tar = await buffer(
      packTar(
        [
          { path: '/etc', type: 'directory', mode: 0o755 },
          { path: '/etc/a', type: 'file', mode: 0o644, content: Buffer.from('a') },
        ],
        0,
      ),
    );
    expect(await read(name, name.endsWith('gz') ? gzip(tar) : tar)).toEqual({ '/etc/a': sha256('a') });
  });

  it.each([
    ['what is no list', 'words.sha256', 'some words\n', 'line 1 is not a SHA-256'],
    ['a list of nothing', 'none.sha256', '\n', 'it names no file'],
    ['what is no archive', 'bad.tar', 'some words', 'bad.tar'],
  ])('cannot be %s', async (_, name, content, message) => {
    await expect(read(name, content)).rejects.toMatchObject({
      kind: 'scenario',
      code: 'slot-files-unreadable',
      message: expect.stringContaining(message) as string,
    });
  });
});
