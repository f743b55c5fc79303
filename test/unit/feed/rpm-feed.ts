import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { numbersEntry, textsEntry } from '../../../src/package/rpm/header.ts';
import { sense, tags } from '../../../src/package/rpm/tags.ts';
import { type NewRpm, writeRpm } from '../../../src/package/rpm/write-rpm.ts';
import { retag, smallRpm } from '../package/rpm/small-rpm.ts';

/** Writes an rpm at this path of a feed, in place of what is there. Returns its file. */
export async function addRpm(
  feed: string,
  path: string,
  made: NewRpm,
  seconds = 1_700_000_000,
): Promise<string> {
  const file = join(feed, path);
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  await writeRpm(file, made, { seconds });
  return file;
}

/** What a package needs or has, as its header says it. */
export const need = (name: string, flags = 0, version = '') => ({ name, flags, version });

/** Fills a folder with a feed in Yocto's layout with all that an index can say. */
export async function fillRpmFeed(feed: string): Promise<void> {
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
  const file = await addRpm(feed, 'noarch/full-1.0~rc1-r0.noarch.rpm', {
    ...full,
    labels: { ...full.labels, epoch: 3, texts },
  });
  await retag(file, [
    [tags.changeTimes, numbersEntry('int32', [500, 400, 400, 300])],
    [tags.changeNames, textsEntry(['A <a@b> - 1  ', 'B', 'C', 'D'])],
    [tags.changeTexts, textsEntry(['- one\n- two', '- three', '- four', '- & five'])],
  ]);
  await addRpm(feed, 'core2_64/b-1-r0.core2_64.rpm', smallRpm('b', '1-r0'), 1_600_000_000);
  await addRpm(feed, 'core2_64/b-2-r0.core2_64.rpm', smallRpm('b', '2-r0'), 1_600_000_001);
  const bare = smallRpm('bare', '1-r0');
  await addRpm(feed, 'core2_64/bare-1-r0.core2_64.rpm', { labels: bare.labels, files: [] });
  await addRpm(feed, 'core2_64/gone.src.rpm', bare);
}
