import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BuildCache } from '../../../../src/image/build-cache.ts';
import {
  type KnownPackages,
  packagesOf,
  type UnpackedPackage,
  unpacked,
} from '../../../../src/image/packages/feed-release.ts';
import { rpmEntries, rpmFolder, rpmLabels } from '../../../../src/image/packages/rpm-folder.ts';
import { rpmRoot } from '../../../../src/image/root/rpm-root.ts';
import { readPackage } from '../../../../src/package/package-file.ts';
import type { ControlPackage } from '../../../../src/package/package-format.ts';
import { writeRpm } from '../../../../src/package/rpm/write-rpm.ts';
import { withCode } from '../../../support/errors.ts';
import { smallRpm } from '../../package/rpm/small-rpm.ts';
import { smallPackageFile } from '../../package/small-package.ts';

let folder: string;
let made: UnpackedPackage[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-rpm-folder-'));
  const debs = join(folder, 'debs');
  await mkdir(debs);
  await writeFile(
    join(debs, 'tool.deb'),
    await smallPackageFile('tool', '1:1.0-rc1-2', { Depends: 'other | lib:any (>= 1), absent' }),
  );
  await writeFile(join(debs, 'lib.deb'), await smallPackageFile('lib', '2.0'));
  const rpms = await rpmFolder(debs, 1_767_225_600, new BuildCache(folder));
  made = await unpacked(await packagesOf(rpms, 'rpm'));
});

afterAll(() => rm(folder, { recursive: true }));

const tool = () => {
  const found = made.find(({ about }) => about.name === 'tool');
  if (found?.about.format !== 'rpm') throw new Error('there is no rpm of tool');
  return { ...found, about: found.about };
};

describe('rpmFolder', () => {
  it('makes an rpm of each deb: its files, its conffiles, its version in rpm’s parts, and no script', () => {
    const { about, contents } = tool();
    expect(made.map(({ contents: { path } }) => path).sort()).toEqual([
      'lib-2.0-1.noarch.rpm',
      'tool-1.0.rc1-2.noarch.rpm',
    ]);
    expect(about.version).toBe('1:1.0.rc1-2');
    expect(contents.conffiles).toEqual(['/etc/tool.conf']);
    expect(contents.files.map(({ path }) => path)).toContain('/etc/tool.conf');
    expect(about.scripts.size).toBe(0);
  });

  it('takes hard links for files, and leaves folders to the files in them', () => {
    const common = { mode: 0o755, bytes: 0 };
    const entries = rpmEntries([
      { ...common, path: '/usr/bin', type: 'directory' },
      { ...common, path: '/usr/bin/a', type: 'file', content: Buffer.from('a') },
      { ...common, path: '/usr/bin/b', type: 'link', target: './usr/bin/a' },
      { ...common, path: '/usr/bin/c', type: 'symlink', target: 'a' },
    ]);
    expect(entries).toEqual([
      { path: '/usr/bin/a', type: 'file', mode: 0o755, content: Buffer.from('a') },
      { path: '/usr/bin/b', type: 'file', mode: 0o755, content: Buffer.from('a') },
      { path: '/usr/bin/c', type: 'symlink', target: 'a' },
    ]);
  });

  it('requires what is among the packages, by name', async () => {
    const about = (await readPackage(join(folder, 'debs', 'tool.deb'))) as ControlPackage;
    expect(rpmLabels(about, new Set(['tool', 'lib'])).relations.requires).toEqual([
      { name: 'lib', flags: 0, version: '' },
    ]);
  });
});

describe('rpmRoot', () => {
  it('has the files, no database, and the rpms beside for the first start', async () => {
    const tree = await rpmRoot([tool()]);
    expect(tree.get('etc/tool.conf')).toMatchObject({ type: 'file' });
    expect(tree.get('var/lib/brownout/packages/tool.rpm')).toMatchObject({ type: 'file' });
    expect(tree.has('var/lib/rpm')).toBe(false);
  });
});

describe('packagesOf', () => {
  it('names conffiles by their paths, whether rpm replaces the edited file or not', async () => {
    const feed = join(folder, 'feed');
    await mkdir(feed);
    const files = ['/etc/a', '/etc/b'].map((path) => ({
      path,
      type: 'file' as const,
      mode: 0o644,
      content: Buffer.from(path),
    }));
    const { about } = tool();
    const labels = rpmLabels(
      (await readPackage(join(folder, 'debs', 'lib.deb'))) as ControlPackage,
      new Set([about.name]),
    );
    await writeRpm(join(feed, 'lib-2.0-1.noarch.rpm'), {
      labels,
      files,
      conffiles: ['/etc/a', 'noreplace /etc/b'],
    });
    const [found] = await packagesOf(feed, 'rpm');
    expect(found?.contents.conffiles).toEqual(['/etc/a', '/etc/b']);
  });

  it('makes rpms of debs only', async () => {
    const debs = join(folder, 'mixed');
    await mkdir(debs);
    await writeRpm(join(debs, 'tool.rpm'), smallRpm('tool', '1.0-r0'));
    await expect(rpmFolder(debs, 1, new BuildCache(folder))).rejects.toThrow(
      withCode('not-a-deb', `${join(debs, 'tool.rpm')} is no Debian package`),
    );
  });

  it('reads a package once that is the same in two releases', async () => {
    const feeds = [join(folder, 'one'), join(folder, 'two')];
    for (const feed of feeds) {
      await mkdir(feed);
      await writeFile(join(feed, 'tool.ipk'), await smallPackageFile('tool', '1.0'));
    }
    const known: KnownPackages = new Map();
    const [first, second] = await Promise.all(feeds.map((feed) => packagesOf(feed, 'ipk', known)));
    expect(known.size).toBe(1);
    expect(second).toEqual(first?.map((one) => ({ ...one, file: join(folder, 'two', 'tool.ipk') })));
  });
});
