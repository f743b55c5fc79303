import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { indexFeed } from '../../../src/feed/index-feed.ts';
import type { Compression } from '../../../src/package/archive/compression.ts';
import { writePackage } from '../../../src/package/control/write-package.ts';
import type { PackageFormat } from '../../../src/package/package-format.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { anyPackage, smallPackage } from '../../unit/package/small-package.ts';

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

describe('the index of debs', () => {
  needPrograms('dpkg-scanpackages', 'dpkg-deb', 'xz', 'zstd', 'bzip2');

  it('is what dpkg-scanpackages writes, to the byte', async () => {
    await add('b_1.0_all.deb', 'b', '1.0', { Description: 'short\n long\n.\nlonger\n  * deep' }, 'xz');
    await add(
      'pool/a_1.10_all.deb',
      'a',
      '1.10',
      { 'X-Own': '1', Homepage: 'http://x.example', AAA: '2' },
      'zst',
    );
    await add('pool/a_1.9_all.deb', 'a', '1.9', {
      Task: 't',
      Tag: 'a::b,\nc::d',
      Section: 'misc',
      Priority: 'extra',
    });
    await add('a-b.deb', 'a-b', '1:1~rc1-1', {
      Depends: 'b (>= 1.0), a',
      Provides: 'p',
      'Pre-Depends': 'z',
      Breaks: 'y',
      'Multi-Arch': 'foreign',
      Source: 's (1.0)',
      Maintainer: 'M <m@a.example>',
      'Installed-Size': '12',
      Essential: '',
    });
    await add('c.deb', 'c', '1', {
      Description: '\nonly below',
      Conffiles: '\n/etc/c 0123',
      homepage: 'lower',
    });
    const theirs = spawnSync('dpkg-scanpackages', ['--multiversion', '.'], { cwd: folder, encoding: 'utf8' });
    expect(theirs.stderr).toContain('Wrote 5 entries');
    const { text, packages } = await index('deb');
    expect(text).toBe(theirs.stdout);
    expect(packages).toBe(5);
  });

  it('is that of any packages', async () => {
    for (const [i, made] of fc.sample(anyPackage, { numRuns: 40, seed: 11 }).entries())
      await writeFile(join(folder, `${i}.deb`), await writePackage(made));
    const theirs = spawnSync('dpkg-scanpackages', ['--multiversion', '.'], { cwd: folder, encoding: 'utf8' });
    expect(theirs.stderr).toContain('Wrote 40 entries');
    expect((await index('deb')).text).toBe(theirs.stdout);
  }, 60_000);

  it('takes packages that dpkg-deb takes', async () => {
    for (const compression of ['none', 'gz', 'xz', 'zst', 'bz2'] as const) {
      await add('a.deb', 'a', '1.0', { Maintainer: 'm', Description: 'd' }, compression);
      const listed = spawnSync('dpkg-deb', ['--contents', join(folder, 'a.deb')], { encoding: 'utf8' });
      expect(listed.stderr).toBe('');
      expect(listed.stdout).toMatch(/^-rw-r----- root\/root +12 1970-01-01 .* \.\/etc\/a\.conf$/m);
      expect(listed.stdout).toContain('./usr/bin/alias -> ../lib/a');
    }
  });
});
