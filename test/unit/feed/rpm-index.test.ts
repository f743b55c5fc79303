import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { indexFeed, writeIndexes } from '../../../src/feed/index-feed.ts';
import type { RpmRelation } from '../../../src/package/rpm/labels.ts';
import { sense } from '../../../src/package/rpm/tags.ts';
import { type NewRpm } from '../../../src/package/rpm/write-rpm.ts';
import { smallRpm } from '../package/rpm/small-rpm.ts';
import { addRpm, fillRpmFeed, need } from './rpm-feed.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-repodata-'));
});
afterEach(() => rm(folder, { recursive: true }));

const atLeast = sense.greater | sense.equal;
const add = (path: string, made: NewRpm, seconds?: number) => addRpm(folder, path, made, seconds);

async function writeIndex() {
  return writeIndexes(folder, await findFeeds(folder, 'rpm'), 'rpm');
}

describe('the index of rpms', () => {
  it('is repodata that names its lists by what is in them', async () => {
    await fillRpmFeed(folder);
    const [written, ...more] = await writeIndex();
    expect(more).toEqual([]);
    expect([written?.file, written?.packages]).toEqual([join(folder, 'repodata', 'repomd.xml'), 4]);
    const repomd = await readFile(written?.file ?? '', 'utf8');
    expect(repomd).toContain('<revision>1700000000</revision>');
    for (const name of await readdir(join(folder, 'repodata'))) {
      if (name === 'repomd.xml') continue;
      const packed = await readFile(join(folder, 'repodata', name));
      const text = gunzipSync(packed);
      expect(name.startsWith(`${sha256(packed)}-`)).toBe(true);
      expect(repomd).toContain(`<checksum type="sha256">${sha256(packed)}</checksum>`);
      expect(repomd).toContain(`<open-checksum type="sha256">${sha256(text)}</open-checksum>`);
      expect(repomd).toContain(`<size>${packed.length}</size>\n    <open-size>${text.length}</open-size>`);
    }
    expect(written?.text).toContain('<version epoch="3" ver="1.0~rc1" rel="r0"/>');
    expect(written?.text).toContain('<description>All &lt; &amp; &gt; &quot;\n of it: \u00e4</description>');
  });

  it('is the same each time, and nothing of the one before stays', async () => {
    await fillRpmFeed(folder);
    await writeIndex();
    const names = await readdir(join(folder, 'repodata'));
    const first = await Promise.all(names.map((name) => readFile(join(folder, 'repodata', name))));
    await writeFile(join(folder, 'repodata', 'repomd.xml.asc'), 'signature');
    await writeFile(join(folder, 'repodata', `${'0'.repeat(64)}-primary.sqlite.bz2`), '');
    await add('core2_64/b-2-r0.core2_64.rpm', smallRpm('b', '2-r1'), 1_600_000_001);
    await writeIndex();
    await add('core2_64/b-2-r0.core2_64.rpm', smallRpm('b', '2-r0'), 1_600_000_001);
    const [again] = await writeIndex();
    expect(again?.stale).toEqual(['repomd.xml.asc']);
    expect(await readdir(join(folder, 'repodata'))).toEqual([...names, 'repomd.xml.asc'].sort());
    const second = await Promise.all(names.map((name) => readFile(join(folder, 'repodata', name))));
    expect(second.every((bytes, i) => bytes.equals(first[i] ?? Buffer.alloc(0)))).toBe(true);
  });

  it('is one above all folders, unless they have their own', async () => {
    await fillRpmFeed(folder);
    expect((await findFeeds(folder, 'rpm')).deploy).toBe(false);
    await mkdir(join(folder, 'noarch', 'repodata'));
    await writeFile(join(folder, 'noarch', 'repodata', 'repomd.xml'), '');
    const { deploy, feeds } = await findFeeds(folder, 'rpm');
    expect([deploy, feeds.map((feed) => [feed.folder, feed.paths.length])]).toEqual([
      true,
      [
        [join(folder, 'core2_64'), 3],
        [join(folder, 'noarch'), 1],
      ],
    ]);
    await writeIndex();
    expect(await readdir(folder)).toEqual(['core2_64', 'noarch']);
    expect(await readdir(join(folder, 'core2_64', 'repodata'))).toHaveLength(4);
  });

  it.each<[string, { provides?: RpmRelation[]; requires: RpmRelation[] }, string[]]>([
    [
      'another version of what the package has',
      { provides: [need('virt', sense.equal, '1')], requires: [need('virt', atLeast, '2')] },
      ['name="virt" flags="GE" epoch="0" ver="2"'],
    ],
    [
      'another version of itself',
      {
        provides: [need('selfreq', sense.equal, '1-r0')],
        requires: [need('selfreq', sense.greater, '5')],
      },
      ['name="selfreq" flags="GT" epoch="0" ver="5"'],
    ],
    [
      'without a version what the package has in one',
      { provides: [need('user(jane)', sense.equal, 'xyz')], requires: [need('user(jane)')] },
      ['name="user(jane)"'],
    ],
    [
      'just what the package has',
      { provides: [need('virt', sense.equal, '1')], requires: [need('virt', sense.equal, '1'), need('x')] },
      ['name="x"'],
    ],
  ])('says of a package that requires %s', async (_, relations, expected) => {
    await add('a.rpm', { ...smallRpm('a', '1-r0', relations), scripts: {} });
    const { feeds } = await findFeeds(folder, 'rpm');
    const { text } = await indexFeed(feeds[0]!, 'rpm');
    const requires = text.slice(text.indexOf('<rpm:requires>'), text.indexOf('</rpm:requires>'));
    expect(Array.from(requires.matchAll(/<rpm:entry (.*)\/>/g), ([, entry]) => entry)).toEqual(expected);
  });

  it('leaves out what XML cannot say', async () => {
    const made = smallRpm('a', '1-r0');
    const texts = { ...made.labels.texts, summary: 'a\u0001b\u{1f600}\uffffc' };
    await add('a.rpm', { ...made, labels: { ...made.labels, texts } });
    const { feeds } = await findFeeds(folder, 'rpm');
    expect((await indexFeed(feeds[0]!, 'rpm')).text).toContain('<summary>ab\u{1f600}c</summary>');
  });
});
