import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { type ReleaseOptions, writeIndexes } from '../../../src/feed/index-feed.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { onlyStanza } from '../../support/stanza.ts';
import { smallPackageFile } from '../../unit/package/small-package.ts';

const date = new Date('2026-01-31T12:00:05Z');
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-release-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(release: ReleaseOptions, ...paths: string[]) {
  for (const path of paths) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    const architecture = path.startsWith('arm64/') ? 'arm64' : 'all';
    await writeFile(join(folder, path), await smallPackageFile('a', '1.0', { Architecture: architecture }));
  }
  return writeIndexes(folder, await findFeeds(folder, 'deb'), 'deb', { release });
}

const stanza = async (path: string) => onlyStanza(await readFile(join(folder, path), 'utf8'));

describe('the Release file and apt-ftparchive', () => {
  needPrograms('apt-ftparchive');

  it('say the same, field by field', async () => {
    await write({ suite: 'edge', date }, 'arm64/a.deb', 'arm64/sub/b.deb');
    const ours = await stanza('arm64/Release');
    await rm(join(folder, 'arm64', 'Release'));
    const set = { Origin: 'brownout', Label: 'arm64', Suite: 'edge', Codename: 'edge' };
    const options = Object.entries({ ...set, Architectures: 'arm64', Components: 'main' }).flatMap(
      ([name, value]) => ['-o', `APT::FTPArchive::Release::${name}=${value}`],
    );
    const theirs = spawnSync('apt-ftparchive', [...options, 'release', join(folder, 'arm64')], {
      encoding: 'utf8',
    });
    expect(theirs.stderr).toBe('');
    const expected = new Map(onlyStanza(theirs.stdout).map(({ name, lines }) => [name, lines]));
    expect(new Set(ours.map(({ name }) => name))).toEqual(
      new Set([...expected.keys()].filter((name) => name !== 'SHA1' && name !== 'SHA512')),
    );
    // Theirs is of now, and its zone is written otherwise; newer versions write "UTC" too.
    const form = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (UTC|\+0000)$/;
    for (const { name, lines } of ours)
      if (name === 'Date') for (const one of [lines, expected.get(name)]) expect(one?.[0]).toMatch(form);
      else expect([name, ...lines]).toEqual([name, ...(expected.get(name) ?? [])]);
  });
});
