import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyDocuments, restoreFiles, storeFiles } from '../../../src/recording/recordings.ts';

describe("the owner's files as JSON", () => {
  it('are what they were', () => {
    const bytes = Buffer.from([0, 10, 255]);
    const files = [
      {
        path: '/etc/a',
        content: bytes,
        access: '644 0:0',
        found: Buffer.alloc(0),
        copies: [{ suffix: '-opkg', content: bytes }],
      },
      { path: '/etc/b', content: undefined, access: undefined, found: undefined, copies: [] },
    ];
    expect(restoreFiles(JSON.parse(JSON.stringify(storeFiles(files))) as never)).toEqual(files);
  });

  it('are read from findings of programs that noted less', () => {
    const old = [{ path: '/etc/a', content: 'YQ==', access: '644 0:0' }];
    const file = { path: '/etc/a', content: Buffer.from('a'), access: '644 0:0' };
    expect(restoreFiles(old)).toEqual([{ ...file, found: undefined, copies: [] }]);
  });
});

describe('the SPDX documents of a recording', () => {
  it('go with it into the folder of a run that takes it again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brownout-recordings-'));
    try {
      const documents = ['sbom/p1-2.0.spdx-2.3.json'];
      await mkdir(join(folder, 'run/sbom'), { recursive: true });
      await writeFile(join(folder, 'run/sbom/p1-2.0.spdx-2.3.json'), '{}');
      const path = { software: [{ step: '1.0->2.0', diff: { changes: [], unchanged: 1 }, documents }] };
      await copyDocuments(path, join(folder, 'run'), join(folder, 'kept'));
      expect(await readFile(join(folder, 'kept/sbom/p1-2.0.spdx-2.3.json'), 'utf8')).toBe('{}');
      await copyDocuments({}, join(folder, 'none'), join(folder, 'kept'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
