import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { type ReleaseOptions, writeIndexes } from '../../../src/feed/index-feed.ts';
import { releaseText } from '../../../src/feed/release-file.ts';
import { fieldValue } from '../../../src/package/control/stanza.ts';
import { onlyStanza } from '../../support/stanza.ts';
import { smallPackageFile } from '../package/small-package.ts';

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

describe('the Release file', () => {
  it('says what the repository is, and what its indexes are', async () => {
    const validUntil = new Date('2026-02-01T00:00:00Z');
    const written = await write({ suite: 'edge', date, validUntil }, 'arm64/a.deb', 'all/b.deb');
    expect(written.map(({ forApt, stale }) => [forApt, stale])).toEqual([
      [['Release'], []],
      [['Release'], []],
    ]);
    const packages = await readFile(join(folder, 'arm64', 'Packages'));
    const found = await stanza('arm64/Release');
    expect(found.slice(0, 8).map(({ name, lines }) => [name, ...lines])).toEqual([
      ['Origin', 'brownout'],
      ['Label', 'arm64'],
      ['Suite', 'edge'],
      ['Codename', 'edge'],
      ['Date', 'Sat, 31 Jan 2026 12:00:05 UTC'],
      ['Valid-Until', 'Sun, 01 Feb 2026 00:00:00 UTC'],
      ['Architectures', 'arm64'],
      ['Components', 'main'],
    ]);
    expect(found.slice(8).map(({ name }) => name)).toEqual(['MD5Sum', 'SHA256']);
    expect(found.at(-1)?.lines).toEqual([
      '',
      `${sha256(packages)} ${String(packages.length).padStart(16)} Packages`,
      expect.stringMatching(/^[0-9a-f]{64} {10,14}\d+ Packages\.gz$/) as string,
    ]);
    expect(fieldValue(await stanza('all/Release'), 'Architectures')).toBe('all');
  });

  it('cannot have a label of two lines', () => {
    const facts = { label: 'a\nOrigin: b', suite: 's', date, architectures: [] };
    expect(() => releaseText(facts, [])).toThrow(
      expect.objectContaining({ kind: 'scenario', code: 'feed-name' }),
    );
  });
});
