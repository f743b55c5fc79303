import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyDocuments } from '../../../src/recording/recordings.ts';

describe('the SPDX documents of a recording', () => {
  it('go with it into the folder of a run that takes it again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brownout-recordings-'));
    try {
      const documents = ['sbom/p1-2.0.spdx-2.3.json'];
      await mkdir(join(folder, 'run/sbom'), { recursive: true });
      await writeFile(join(folder, 'run/sbom/p1-2.0.spdx-2.3.json'), '{}');
      const path = { software: [{ upgrade: '1.0->2.0', diff: { changes: [], unchanged: 1 }, documents }] };
      await copyDocuments(path, join(folder, 'run'), join(folder, 'kept'));
      expect(await readFile(join(folder, 'kept/sbom/p1-2.0.spdx-2.3.json'), 'utf8')).toBe('{}');
      await copyDocuments({}, join(folder, 'none'), join(folder, 'kept'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
