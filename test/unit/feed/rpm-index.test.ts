import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseStringPromise } from 'xml2js';
import { sha256 } from '../../../src/core/digest.ts';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { indexFeed, writeIndexes } from '../../../src/feed/index-feed.ts';
import { bufferSource } from '../../../src/package/archive/byte-source.ts';
import {
  elements,
  fromElements,
  numbersEntry,
  textsEntry,
  valueTypes,
} from '../../../src/package/rpm/header.ts';
import { readRpmFile } from '../../../src/package/rpm/rpm-file.ts';
import { relationTags, sense, tags } from '../../../src/package/rpm/tags.ts';
import { type NewRpm, writeRpm } from '../../../src/package/rpm/write-rpm.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { asOfRpm3, withEntryBehindRegion } from '../package/rpm/old-rpm.ts';
import { retag, smallRpm } from '../package/rpm/small-rpm.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-repodata-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function add(path: string, made: NewRpm, seconds = 1_700_000_000): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  await writeRpm(file, made, { seconds });
  return file;
}

const need = (name: string, flags = 0, version = '') => ({ name, flags, version });

/** A feed in Yocto's layout with all that an index can say. */
async function fill(): Promise<void> {
  const { less, greater, equal, scriptPost, prerequisite, interpreter } = sense;
  const full = smallRpm('full', '1.0~rc1-r0', {
    provides: [need('config(full)', equal | (1 << 28), '3:1.0~rc1-r0'), need('virtual')],
    requires: [
      need('/bin/sh', interpreter),
      need('/bin/sh', interpreter),
      need('/bin/sh', interpreter | scriptPost),
      need('/etc/full.conf'),
      need('/usr/share/full/news'),
      need('config(full)', equal, '3:1.0~rc1-r0'),
      need('libc.so.6(GLIBC_2.9)(64bit)'),
      need('libc.so.6(GLIBC_2.34)(64bit)'),
      need('libc.so.6()(64bit)'),
      need('libz.so.1()(64bit)'),
      need('early', prerequisite | greater | equal, '2.0'),
      need('(a if b)'),
    ],
    conflicts: [need('con', less, '1:3-4')],
    obsoletes: [need('obs', less | equal, '2')],
    recommends: [need('rec', greater, '0:1')],
    suggests: [need('sug')],
    supplements: [need('sup')],
    enhances: [need('enh')],
  });
  const texts = {
    ...full.labels.texts,
    description: 'All < & > "\n of it: \u00e4',
    url: 'http://x.example/?a=1&b',
  };
  const file = await add('noarch/full-1.0~rc1-r0.noarch.rpm', {
    ...full,
    labels: { ...full.labels, epoch: 3, texts },
  });
  await retag(file, [
    [tags.changeTimes, numbersEntry('int32', [500, 400, 400, 300])],
    [tags.changeNames, textsEntry(['A <a@b> - 1  ', 'B', 'C', 'D'])],
    [tags.changeTexts, textsEntry(['- one\n- two', '- three', '- four', '- & five'])],
  ]);
  await add('core2_64/b-1-r0.core2_64.rpm', smallRpm('b', '1-r0'), 1_600_000_000);
  await add('core2_64/b-2-r0.core2_64.rpm', smallRpm('b', '2-r0'), 1_600_000_001);
  const bare = smallRpm('bare', '1-r0');
  await add('core2_64/bare-1-r0.core2_64.rpm', { labels: bare.labels, files: [] });
  await add('core2_64/gone.src.rpm', bare);
}

async function writeIndex() {
  return writeIndexes(folder, await findFeeds(folder, 'rpm'), 'rpm');
}

/** The lists that a repository's repomd.xml names, parsed, with the times of files left out. */
async function repository(): Promise<Record<string, unknown>> {
  const repomd = (await parseStringPromise(await readFile(join(folder, 'repodata', 'repomd.xml')))) as {
    repomd: { data: { $: { type: string }; location: { $: { href: string } }[] }[] };
  };
  const lists: Record<string, unknown> = {};
  for (const { $, location } of repomd.repomd.data) {
    const packed = await readFile(join(folder, location[0]?.$.href ?? ''));
    const text = gunzipSync(packed)
      .toString()
      .replace(/<time file="\d+"/g, '<time file="-"');
    const [[root, list]] = Object.entries(
      (await parseStringPromise(text)) as Record<string, { package: object[] }>,
    ) as [[string, { package: { name?: string[]; $: object }[] }]];
    const sorted = list.package.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    lists[$.type] = { root, ...list, package: sorted };
  }
  return lists;
}

describe('the index of rpms', () => {
  it('is repodata that names its lists by what is in them', async () => {
    await fill();
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
    await fill();
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
    await fill();
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

  it('leaves out what XML cannot say', async () => {
    const made = smallRpm('a', '1-r0');
    const texts = { ...made.labels.texts, summary: 'a\u0001b\u{1f600}\uffffc' };
    await add('a.rpm', { ...made, labels: { ...made.labels, texts } });
    const { feeds } = await findFeeds(folder, 'rpm');
    expect((await indexFeed(feeds[0]!, 'rpm')).text).toContain('<summary>ab\u{1f600}c</summary>');
  });
});

describe('the index of rpms and createrepo_c', () => {
  needPrograms('createrepo_c');

  /** Our lists and theirs of what is in the folder. */
  async function both() {
    await writeIndexes(folder, await findFeeds(folder, 'rpm'), 'rpm');
    const ours = await repository();
    await rm(join(folder, 'repodata'), { recursive: true });
    const args = ['--quiet', '--no-database', '--general-compress-type=gz', '--excludes=*.src.rpm', '.'];
    const theirs = spawnSync('createrepo_c', args, { cwd: folder, encoding: 'utf8' });
    const warnings = theirs.stderr.replace(/^warning: RPM v3 packages are deprecated: .*\n/gm, '');
    expect([theirs.status, warnings]).toEqual([0, '']);
    return { ours, theirs: await repository() };
  }

  it('agree in every field', async () => {
    await fill();
    const { ours, theirs } = await both();
    expect(ours).toEqual(theirs);
    expect(Object.keys(ours)).toEqual(['primary', 'filelists', 'other']);
  }, 60_000);

  it('agree on what a package needs of others, by name, comparison and version', async () => {
    const { less, greater, equal, prerequisite, interpreter } = sense;
    const relation = fc.record({
      name: fc.constantFrom('virt', 'a', 'user(jane)', '/etc/a0.conf', '/usr/share/x', 'config(a)'),
      flags: fc
        .tuple(
          fc.constantFrom(0, less, equal, greater | equal),
          fc.constantFrom(0, prerequisite, interpreter, 1 << 28),
        )
        .map(([comparison, kind]) => comparison | kind),
      version: fc.constantFrom('1', '2', '0:1', '1-r0'),
    });
    const plain = relation.map((one) => ((one.flags & 15) === 0 ? { ...one, version: '' } : one));
    const list = fc.array(plain, { maxLength: 6 });
    const samples = fc.sample(fc.tuple(list, list), { numRuns: 40, seed: 5 });
    for (const [i, [provides, requires]] of samples.entries())
      await add(`a${i}.rpm`, smallRpm(`a${i}`, '1-r0', { provides, requires }));
    const { virt, self, jane } = {
      virt: smallRpm('virt', '1-r0', {
        provides: [need('virt', equal, '1')],
        requires: [need('virt', greater | equal, '2')],
      }),
      self: smallRpm('selfreq', '1-r0', { requires: [need('selfreq', greater, '5')] }),
      jane: smallRpm('jane', '1-r0', {
        provides: [need('user(jane)', equal, 'xyz')],
        requires: [need('user(jane)')],
      }),
    };
    for (const made of [virt, self, jane]) await add(`${made.labels.name}.rpm`, made);
    const { ours, theirs } = await both();
    expect(ours).toEqual(theirs);
    const text = JSON.stringify(ours);
    expect(text).toContain('{"name":"virt","flags":"GE","epoch":"0","ver":"2"}');
    expect(text).toContain('{"name":"selfreq","flags":"GT","epoch":"0","ver":"5"}');
  }, 60_000);

  it('agree on text that is not UTF-8', async () => {
    const latin = (text: string) => Buffer.from(text, 'latin1');
    const requires = [need('cafE'), need('cafF')];
    const file = await add('a.rpm', smallRpm('a', '1-r0', { requires }));
    await add('b.rpm', smallRpm('b', '1-r0'));
    const { header } = await readRpmFile(bufferSource(await readFile(file)));
    const names = elements(header.get(relationTags.requires.names) ?? textsEntry([])).map((bytes) =>
      bytes.includes('caf') ? latin(bytes.toString().replace('E', '\u00e9').replace('F', '\u00e8')) : bytes,
    );
    const bases = elements(header.get(tags.baseNames) ?? textsEntry([]));
    await retag(file, [
      [relationTags.requires.names, fromElements(valueTypes.strings, names)],
      [tags.summary, fromElements(valueTypes.i18n, [latin('\u00e4 < \u00df')])],
      [tags.baseNames, fromElements(valueTypes.strings, [latin('\u00fc.conf'), ...bases.slice(1)])],
      [tags.changeTimes, numbersEntry('int32', [500])],
      [tags.changeNames, fromElements(valueTypes.strings, [latin('J\u00f6rg')])],
      [tags.changeTexts, fromElements(valueTypes.strings, [latin('a\u00e5b')])],
    ]);
    const { ours, theirs } = await both();
    expect(ours).toEqual(theirs);
    expect(JSON.stringify(ours)).toMatch(/caf\u00e9.*caf\u00e8/);
  }, 60_000);

  it('agree on a package with entries behind the region of its signature', async () => {
    const file = await add('a.rpm', smallRpm('a', '1-r0'));
    await writeFile(file, withEntryBehindRegion(await readFile(file)));
    const { ours, theirs } = await both();
    expect(ours).toEqual(theirs);
    expect(JSON.stringify(ours)).toContain('"name":["a"]');
  });

  it('agree on a package as rpm 3 wrote it', async () => {
    const file = await add('a.rpm', smallRpm('a', '1-r0', { provides: [need('virt')] }));
    await writeFile(file, asOfRpm3(await readFile(file)));
    const { ours, theirs } = await both();
    expect(ours).toEqual(theirs);
    expect(JSON.stringify(ours)).toMatch(/"archive":"4711".*virt/);
  });
});
