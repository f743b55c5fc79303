import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseStringPromise } from 'xml2js';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { writeIndexes } from '../../../src/feed/index-feed.ts';
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
import { type NewRpm } from '../../../src/package/rpm/write-rpm.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { addRpm, fillRpmFeed, need } from '../../unit/feed/rpm-feed.ts';
import { asOfRpm3, withEntryBehindRegion } from '../../unit/package/rpm/old-rpm.ts';
import { retag, smallRpm } from '../../unit/package/rpm/small-rpm.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-repodata-'));
});
afterEach(() => rm(folder, { recursive: true }));

const add = (path: string, made: NewRpm, seconds?: number) => addRpm(folder, path, made, seconds);

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
    await fillRpmFeed(folder);
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
