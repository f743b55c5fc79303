import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packagesOf } from '../../../../src/image/packages/feed-release.ts';
import { writeAr } from '../../../../src/package/archive/ar.ts';
import type { PackageFormat } from '../../../../src/package/package-format.ts';
import { writeRpm } from '../../../../src/package/rpm/write-rpm.ts';
import { smallRpm } from '../../package/rpm/small-rpm.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-feed-release-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A gzipped archive, each entry with its content. */
async function tarOf(
  entries: readonly [entry: Parameters<Pack['entry']>[0], content?: string][],
): Promise<Buffer> {
  const archive = pack();
  for (const [header, content = ''] of entries) archive.entry(header, content);
  archive.finalize();
  const bytes: Buffer[] = [];
  for await (const chunk of archive) bytes.push(chunk as Buffer);
  return gzipSync(Buffer.concat(bytes));
}

/** What a feed with one package says of its paths. */
async function pathsOf(format: PackageFormat, put: (file: string) => Promise<unknown>) {
  const feed = join(folder, format);
  await mkdir(feed);
  await put(join(feed, `tool.${format}`));
  const [found] = await packagesOf(feed, format);
  return found?.contents.paths;
}

const control = 'Package: tool\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: x\n';
const root = { uid: 0, gid: 0, uname: 'root', gname: 'root' };

it.each(['deb', 'ipk'] as const)('what %ss say of each path is noted', async (format) => {
  const members = [
    { name: 'debian-binary', content: Buffer.from('2.0\n') },
    { name: 'control.tar.gz', content: await tarOf([[{ name: './control' }, control]]) },
    {
      name: 'data.tar.gz',
      content: await tarOf([
        [{ name: './', type: 'directory', mode: 0o755, ...root }],
        [{ name: './usr/bin/su', mode: 0o4755, ...root }, 'su'],
        [{ name: './usr/bin/sudo', type: 'link', linkname: './usr/bin/su', mode: 0o4755, ...root }],
        [{ name: './var/mail', type: 'directory', mode: 0o2775, ...root, gid: 12, gname: 'mail' }],
        [{ name: './usr/lib/z', type: 'symlink', linkname: 'z.1', mode: 0o777, ...root }],
        [{ name: './var/fifo', type: 'fifo', mode: 0o600, uid: 7, gid: 8, uname: '', gname: '' }],
      ]),
    },
  ];
  expect(await pathsOf(format, (file) => writeFile(file, writeAr(members, 0)))).toEqual([
    { path: '/usr/bin/su', kind: 'file', mode: 0o4755, owner: 'root:root' },
    { path: '/usr/bin/sudo', kind: 'file', mode: 0o4755, owner: 'root:root' },
    { path: '/var/mail', kind: 'folder', mode: 0o2775, owner: 'root:mail', ids: '0:12' },
    { path: '/usr/lib/z', kind: 'link', mode: 0o777, owner: 'root:root', target: 'z.1' },
    { path: '/var/fifo', kind: 'other', mode: 0o600, owner: '7:8' },
  ]);
});

it('what rpms say of each path is noted, but of what they do not bring', async () => {
  const paths = await pathsOf('rpm', (file) => writeRpm(file, smallRpm('tool', '1.0-r0'), { seconds: 0 }));
  expect(paths).toEqual([
    { path: '/etc/tool.conf', kind: 'file', mode: 0o640, owner: 'root:root' },
    { path: '/etc/tool.keep', kind: 'file', mode: 0o644, owner: 'root:root' },
    { path: '/usr/share/tool', kind: 'folder', mode: 0o755, owner: 'root:root' },
    { path: '/usr/share/tool/alias', kind: 'link', mode: 0o777, owner: 'root:root', target: '../news' },
    { path: '/usr/share/tool/news', kind: 'file', mode: 0o644, owner: 'root:root' },
  ]);
});
