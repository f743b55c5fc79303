import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readDocument } from '../../../src/document/read.ts';
import { withCode } from '../../support/errors.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-read-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('readDocument', () => {
  const schema = z.strictObject({ a: z.number() });

  it('reads and checks a file', async () => {
    const path = join(folder, 'x.yaml');
    await writeFile(path, 'a: 1\n');
    expect(await readDocument(path, schema)).toEqual({ a: 1 });
  });

  it('names a file that is not there, a folder, and what is not text', async () => {
    const binary = join(folder, 'binary');
    await writeFile(binary, new Uint8Array([0xff, 0xfe, 0xc0]));
    await expect(readDocument(join(folder, 'none.yaml'), schema)).rejects.toMatchObject({
      kind: 'scenario',
      code: 'document-unreadable',
      message: `${folder}/none.yaml cannot be read: no such file`,
    });
    await expect(readDocument(folder, schema)).rejects.toThrow(
      withCode('document-unreadable', 'it is a folder'),
    );
    await expect(readDocument(binary, schema)).rejects.toThrow('it is not UTF-8 text');
  });
});
