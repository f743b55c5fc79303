import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bufferSource } from '../../../../src/package/archive/byte-source.ts';
import { readPackage } from '../../../../src/package/package-file.ts';
import { listFiles } from '../../../../src/package/packaged-files.ts';
import { labelsOf } from '../../../../src/package/rpm/labels.ts';
import { rewriteRpm } from '../../../../src/package/rpm/rewrite-rpm.ts';
import { readRpmFile } from '../../../../src/package/rpm/rpm-file.ts';
import { type NewRpm, writeRpm } from '../../../../src/package/rpm/write-rpm.ts';
import { needPrograms } from '../../../support/host-programs.ts';
import { smallRpm } from '../../../unit/package/rpm/small-rpm.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-rpm-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
function fresh(): string {
  count += 1;
  return join(folder, `${count}.rpm`);
}

async function written(made: NewRpm, options: Parameters<typeof writeRpm>[2] = {}): Promise<string> {
  const path = fresh();
  await writeRpm(path, made, { seconds: 1_700_000_000, ...options });
  return path;
}

async function labels(path: string) {
  return labelsOf((await readRpmFile(bufferSource(await readFile(path)))).header);
}

async function rewritten(
  path: string,
  edit: Omit<Parameters<typeof rewriteRpm>[2], 'labels'>,
): Promise<string> {
  const to = fresh();
  await rewriteRpm(path, to, { labels: await labels(path), ...edit });
  return to;
}

async function textFiles(path: string): Promise<Record<string, string>> {
  const files = await listFiles(path, { contents: 'all' });
  return Object.fromEntries(
    files.map((file) => [file.path, file.content?.toString() ?? `-> ${file.target ?? file.type}`]),
  );
}

/** What rpm says of a file; the test's own messages are in English. */
function rpm(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('rpm', args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

describe('rpm', () => {
  needPrograms('rpm', 'xz', 'zstd');

  it.each(['gz', 'xz', 'zst'] as const)(
    'takes what is written and rewritten with %s',
    async (compression) => {
      const path = await written(smallRpm('a', '1-r0'), { compression });
      const to = await rewritten(path, {
        conffiles: ['/etc/a.keep', '/etc/new'],
        data: {
          drops: (one) => one === '/usr/share/a/news',
          changed: new Map([['/etc/a.conf', { content: (old) => Buffer.concat([old, old]) }]]),
          added: [{ path: '/etc/new', type: 'file', mode: 0o600, content: Buffer.from('new') }],
        },
      });
      for (const one of [path, to]) {
        const checked = rpm('--checksig', '--nosignature', '--verbose', one);
        expect(checked.match(/: OK$/gm)).toHaveLength(4);
        expect(checked).not.toMatch(/BAD|NOT/);
      }
      expect(rpm('--query', '--package', '--configfiles', to)).toBe('/etc/a.keep\n/etc/new\n');
      const format = '[%{filenames} %{filemodes:octal} %{filesizes} %{fileflags:fflags}\n]';
      expect(rpm('--query', '--package', '--queryformat', format, to)).toBe(
        [
          '/etc/a.conf 100640 26 ',
          '/etc/a.keep 100644 10 c',
          '/etc/new 100600 3 c',
          '/usr/share/a 40755 0 ',
          '/usr/share/a/alias 120777 7 ',
          '/var/a.cache 100600 0 g',
          '',
        ].join('\n'),
      );
    },
  );
});

const spec = `
Name: built
Version: 1.0
Release: r0
Epoch: 2
Summary: A & B
License: MIT
BuildArch: noarch
Requires: beta = 2:1.0-r0, (x or y)
Conflicts: con < 3
Obsoletes: obs <= 2
Recommends: rec
%description
Long
%install
mkdir -p %{buildroot}/etc %{buildroot}/usr
echo conf > %{buildroot}/etc/a.conf
echo keep > %{buildroot}/etc/b.conf
echo prog > %{buildroot}/usr/one
ln %{buildroot}/usr/one %{buildroot}/usr/two
ln -s one %{buildroot}/usr/sym
%files
%config /etc/a.conf
%config(noreplace) /etc/b.conf
%license /usr/one
/usr/two
/usr/sym
%ghost /var/ghost
%pretrans -p <lua>
x = 1
%post
echo post
%postun -p /sbin/ldconfig
%triggerin -- foo
echo trig
%changelog
* Mon Jan 01 2024 A B <a@b> - 1.0
- first
`;

describe('an rpm of rpmbuild', () => {
  needPrograms('rpmbuild', 'rpm');

  it('is read; and rewritten it is as rpm sees it the same but for what changed', async () => {
    const top = join(folder, 'top');
    await mkdir(top);
    await writeFile(join(top, 'built.spec'), spec);
    const options = ['--define', `_topdir ${top}`, '--define', '_binary_payload w9.gzdio', '--nodeps'];
    const { status } = spawnSync('rpmbuild', ['-bb', ...options, join(top, 'built.spec')]);
    expect(status).toBe(0);
    const [name = ''] = await readdir(join(top, 'RPMS', 'noarch'));
    const path = join(top, 'RPMS', 'noarch', name);
    expect(await readPackage(path)).toMatchObject({
      version: '2:1.0-r0',
      conffiles: ['/etc/a.conf', 'noreplace /etc/b.conf'],
      scripts: new Map([
        ['pretrans', 'x = 1'],
        ['post', 'echo post'],
        ['postun', '/sbin/ldconfig\n'],
      ]),
    });
    expect(await textFiles(path)).toEqual({
      '/etc/a.conf': 'conf\n',
      '/etc/b.conf': 'keep\n',
      '/usr/one': '-> /usr/two',
      '/usr/sym': '-> one',
      '/usr/two': 'prog\n',
      '/var/ghost': '-> ghost',
    });
    const xml = (file: string) => rpm('--query', '--package', '--xml', file).split('\n');
    expect(xml(await rewritten(path, {}))).toEqual(xml(path));
    const to = await rewritten(path, {
      data: { changed: new Map([['/usr/two', { content: () => Buffer.from('other\n') }]]) },
    });
    expect(rpm('--checksig', '--nosignature', to)).toContain('digests OK');
    const before = xml(path);
    const changed = xml(to).filter((line, i) => line !== before[i]);
    // Sizes of the package and of what is in it; two sizes and two digests of files; five digests of the whole.
    expect(changed.filter((line) => line.includes('<integer>'))).toHaveLength(4);
    expect(changed).toHaveLength(11);
  }, 60_000);
});
