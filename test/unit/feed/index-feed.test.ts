import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { indexFeed, writeIndexes } from '../../../src/feed/index-feed.ts';
import type { Compression } from '../../../src/package/archive/compression.ts';
import { writePackage } from '../../../src/package/control/write-package.ts';
import type { PackageFormat } from '../../../src/package/package-format.ts';
import { smallPackage } from '../package/small-package.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-index-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function add(
  path: string,
  name: string,
  version: string,
  fields: Record<string, string> = {},
  compression: Compression = 'gz',
): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(
    join(folder, path),
    await writePackage(smallPackage(name, version, fields), { compression }),
  );
}

async function index(format: PackageFormat) {
  const { feeds } = await findFeeds(folder, format);
  expect(feeds).toHaveLength(1);
  return indexFeed(feeds[0]!, format);
}

const packagesOf = (text: string) =>
  [...text.matchAll(/^Package: (.*)\nVersion: (.*)$/gm)].map((m) => m.slice(1, 3));

describe('the index of ipks', () => {
  it('has the fields and the order of opkg-make-index, each on one line', async () => {
    await add('a_1.0_all.ipk', 'a', '1.0', {
      Tags: 'test',
      Priority: 'optional',
      License: 'MIT',
      Homepage: 'http://a.example/',
      OE: 'a',
      Description: 'short\nand long',
      Source: 'a_1.0.bb',
      Maintainer: 'M <m@a.example>',
      Section: 'base',
      Recommends: 'r',
      Suggests: 's',
      Conflicts: 'c',
      Replaces: 'p',
      Provides: 'p',
      'Pre-Depends': 'lost',
      Depends: '\nnot on the first line',
      'X-Own': 'lost',
    });
    const { text } = await index('ipk');
    expect(text.replace(/[0-9a-f]{32,}/g, 'HASH').replace(/Size: \d+/, 'Size: N')).toBe(
      `${[
        'Package: a',
        'Version: 1.0',
        'Provides: p',
        'Replaces: p',
        'Conflicts: c',
        'Suggests: s',
        'Recommends: r',
        'Section: base',
        'Architecture: all',
        'Maintainer: M <m@a.example>',
        'MD5Sum: HASH',
        'SHA256sum: HASH',
        'Size: N',
        'Filename: a_1.0_all.ipk',
        'Source: a_1.0.bb',
        'Description: short',
        'OE: a',
        'HomePage: http://a.example/',
        'License: MIT',
        'Priority: optional',
        'Tags: test',
      ].join('\n')}\n\n`,
    );
  });

  it('keeps the newest of each name and architecture and says what it left out', async () => {
    await add('old.ipk', 'a', '1.9-r0');
    await add('new.ipk', 'a', '1.10-r0');
    await add('sub/dev.ipk', 'a-dev', '1.9-r0');
    await add('morgue/older.ipk', 'z', '1');
    await add('.hidden/x.ipk', 'z', '1');
    const { text, packages, leftOut } = await index('ipk');
    expect(packagesOf(text)).toEqual([
      ['a-dev', '1.9-r0'],
      ['a', '1.10-r0'],
    ]);
    expect(text).toContain('Filename: sub/dev.ipk\n');
    expect({ packages, leftOut }).toEqual({
      packages: 2,
      leftOut: [{ path: 'old.ipk', instead: 'new.ipk' }],
    });
  });
});

describe('writing indexes', () => {
  const content = (path: string) => readFile(join(folder, path), 'utf8');
  const write = async (format: PackageFormat) =>
    writeIndexes(folder, await findFeeds(folder, format), format);

  it('gives one per sub-folder of deploy/ipk and an empty one above', async () => {
    await add('all/a.ipk', 'a', '1');
    await add('cortexa53/b.ipk', 'b', '1');
    await add('cortexa53/c.ipk', 'c', '1');
    await mkdir(join(folder, 'gone'));
    await writeFile(join(folder, 'gone', 'Packages'), 'Package: gone\n');
    await writeFile(join(folder, 'gone', 'Packages.asc'), 'signature');
    await mkdir(join(folder, 'none'));
    await symlink(join(folder, 'all', 'a.ipk'), join(folder, 'cortexa53', 'linked.ipk'));
    const written = await write('ipk');
    expect(written.map(({ file, packages, stale }) => [file.slice(folder.length), packages, stale])).toEqual([
      ['/all/Packages', 1, []],
      ['/cortexa53/Packages', 3, []],
      ['/gone/Packages', 0, ['Packages.asc']],
    ]);
    expect(await content('Packages')).toBe('');
    expect(await content('gone/Packages')).toBe('');
    expect(packagesOf(await content('cortexa53/Packages')).map(([name]) => name)).toEqual(['a', 'b', 'c']);
    for (const { file } of written)
      expect(gunzipSync(await readFile(`${file}.gz`)).toString()).toBe(await readFile(file, 'utf8'));
    expect(await readdir(folder)).toEqual(['Packages', 'all', 'cortexa53', 'gone', 'none']);
  });

  it('gives the same bytes each time', async () => {
    await add('b.deb', 'b', '1');
    await add('a.deb', 'a', '1');
    await write('deb');
    const first = [await content('Packages'), await readFile(join(folder, 'Packages.gz'))] as const;
    await rm(join(folder, 'a.deb'));
    await add('a.deb', 'a', '1');
    await write('deb');
    expect(await content('Packages')).toBe(first[0]);
    expect((await readFile(join(folder, 'Packages.gz'))).equals(first[1])).toBe(true);
    expect(first[1].subarray(4, 8).equals(Buffer.alloc(4))).toBe(true);
  });

  it('leaves everything as it was where one package is damaged', async () => {
    await add('all/a.ipk', 'a', '1');
    await add('tune/b.ipk', 'b', '1');
    await writeFile(
      join(folder, 'tune', 'c.ipk'),
      (await readFile(join(folder, 'tune', 'b.ipk'))).subarray(0, 99),
    );
    await expect(write('ipk')).rejects.toMatchObject({
      kind: 'scenario',
      code: 'package-damaged',
      message: `${join(folder, 'tune', 'c.ipk')}: byte 72: the file ends within the header of a member`,
    });
    expect(await readdir(folder)).toEqual(['all', 'tune']);
    expect(await readdir(join(folder, 'all'))).toEqual(['a.ipk']);
  });

  it('says what is wrong with the folder', async () => {
    await expect(findFeeds(join(folder, 'none'), 'ipk')).rejects.toMatchObject({
      kind: 'scenario',
      code: 'feed-unreadable',
      message: `${join(folder, 'none')}: there is no such folder`,
    });
    await expect(findFeeds(folder, 'ipk')).rejects.toMatchObject({ code: 'feed-empty' });
    await add('all/a.ipk', 'a', '1');
    await expect(findFeeds(folder, 'deb')).rejects.toMatchObject({
      code: 'feed-format',
      message: `${folder}: no .deb in it, but 1 .ipk`,
      hint: 'try --format ipk',
    });
    await expect(findFeeds(join(folder, 'all', 'a.ipk'), 'ipk')).rejects.toMatchObject({
      message: `${join(folder, 'all', 'a.ipk')}: it is no folder`,
    });
  });

  it('refuses a name that would add lines to the index', async () => {
    await add('a.ipk\nDepends: evil\n.ipk', 'a', '1');
    await expect(findFeeds(folder, 'ipk')).rejects.toMatchObject({ kind: 'scenario', code: 'feed-name' });
  });

  it('is the fault of the host where the folder cannot be written', async () => {
    await add('a.ipk', 'a', '1');
    await mkdir(join(folder, 'Packages'));
    await expect(write('ipk')).rejects.toMatchObject({ kind: 'harness', code: 'feed-unwritable' });
  });
});
