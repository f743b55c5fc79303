import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { readPackageList } from '../../../src/image/package-list.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-list-'));
});
afterAll(() => rm(folder, { recursive: true }));

const nano = {
  name: 'nano',
  version: '7.2-r0',
  architecture: 'cortexa57',
  path: 'cortexa57/nano_7.2-r0_cortexa57.ipk',
  files: [{ path: '/usr/bin/nano', sha256: 'a'.repeat(64) }],
  conffiles: [],
  paths: [{ path: '/usr/bin/nano', kind: 'file', mode: 0o755, owner: 'root:root', ids: '0:0' }],
};

/** The list as a build leaves it, and what its file holds by the time it is read. */
async function list(built: string, found = built) {
  const path = join(folder, 'list.json');
  await writeFile(path, found);
  return readPackageList({ path, sha256: sha256(built), bytes: built.length });
}

describe("the packages of a release's feed", () => {
  it('are those that the build noted', async () => {
    expect(await list(JSON.stringify([nano]))).toEqual([nano]);
  });

  it('are not taken from a file that has changed since', async () => {
    const built = JSON.stringify([nano]);
    await expect(list(built, built.replace('7.2', '7.3'))).rejects.toMatchObject({
      code: 'image-damaged',
      message: expect.stringContaining('has other content than when it was built') as unknown,
    });
  });

  it.each([
    ['[{]', 'it is not JSON'],
    [JSON.stringify([{ ...nano, files: [{ path: 1 }] }]), '[0].files[0].path: expected string'],
    [JSON.stringify([{ ...nano, paths: [{ ...nano.paths[0], mode: -1 }] }]), '[0].paths[0].mode: '],
    [JSON.stringify([{ ...nano, paths: undefined }]), '[0].paths: expected array'],
    [JSON.stringify({ nano }), 'expected array, received object'],
  ])('are not taken from what is no such list: %s', async (text, message) => {
    await expect(list(text)).rejects.toMatchObject({
      kind: 'harness',
      code: 'image-damaged',
      message: expect.stringContaining(`is no list of packages: ${message}`) as unknown,
    });
  });
});
