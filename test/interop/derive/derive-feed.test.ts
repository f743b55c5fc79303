import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveFeed } from '../../../src/derive/derive-feed.ts';
import type { NewPackage } from '../../../src/package/control/write-package.ts';
import type { PackageFormat } from '../../../src/package/package-format.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { contents, put, write } from '../../unit/derive/feeds.ts';
import { smallPackage } from '../../unit/package/small-package.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-derive-'));
});
afterEach(() => rm(folder, { recursive: true }));

const from = () => join(folder, 'from');
const to = (path = '') => join(folder, 'to', path);

/** `packages` of a recipe, or a whole one that begins with `from:`. */
async function derive(recipe: string, format: PackageFormat = 'ipk') {
  const text = recipe.startsWith('from:') ? recipe : `from: ${format}\npackages:\n${recipe}`;
  return deriveFeed({ recipe: await write(folder, 'recipe.yaml', text), from: from(), to: to() });
}

const add = (path: string, made: NewPackage, options?: Parameters<typeof put>[2]) =>
  put(join(from(), path), made, options);

describe.each(['ipk', 'deb'] as const)('a release of %ss', (format) => {
  needPrograms('xz', 'zstd', 'bzip2', 'lz4');
  const derived = async (recipe: string, name = 'a', version = '1.0-r1') => {
    const plan = await derive(recipe, format);
    return { plan, ...(await contents(to(`${name}_${version}_all.${format}`))) };
  };
  const old = `a_1.0-r0_all.${format}`;

  it.each(['none', 'gz', 'xz', 'zst', 'bz2', 'lz4'] as const)(
    'has a new version and all else as before (%s)',
    async (compression) => {
      const path = await add(old, smallPackage('a', '1.0-r0', { Section: 'x' }), { compression });
      const { plan, ...made } = await derived('  a: { version: 1.0-r1 }\n');
      const before = await contents(path);
      expect(made).toEqual({ ...before, fields: { ...before.fields, Version: '1.0-r1' } });
      expect(plan.changes).toEqual([{ name: 'a', oldVersion: '1.0-r0', newVersion: '1.0-r1', what: [] }]);
      expect(await readdir(to())).toEqual(['Packages', 'Packages.gz', `a_1.0-r1_all.${format}`]);
      expect(await readFile(to('Packages'), 'utf8')).toContain('Version: 1.0-r1\n');
      expect(
        (await readFile(to(`a_1.0-r1_all.${format}`))).includes(
          `data.tar${compression === 'none' ? ' ' : `.${compression}`}`,
        ),
      ).toBe(true);
    },
  );

  it('keeps every entry of a list of conffiles that it is not told to take off', async () => {
    const made = smallPackage('a', '1.0-r0');
    const listed = ['/etc/a.conf\r', 'remove-on-upgrade /etc/old\r', '/etc/not-here\r'];
    await add(old, { ...made, conffiles: listed });
    const { conffiles, plan } = await derived(
      '  a: { version: 1.0-r1, files: { /new: { content: x }, /usr/bin/alias: removed }, conffiles: { add: [/new] } }\n',
    );
    expect(conffiles).toEqual(['/etc/a.conf', 'remove-on-upgrade /etc/old', '/etc/not-here', '/new']);
    expect(plan.changes[0]?.what).toEqual(['/new added', '/usr/bin/alias removed', 'conffile /new added']);
    await rm(to(), { recursive: true });
    const without = await derived('  a: { version: 1.0-r1, files: { /etc/a.conf: removed } }\n');
    expect(without.conffiles).toEqual(['remove-on-upgrade /etc/old', '/etc/not-here']);
    expect(without.plan.changes[0]?.what).toContain('conffile /etc/a.conf no more');
  });

  it.each(['none', 'gz', 'xz', 'zst', 'bz2', 'lz4'] as const)('has other files (%s)', async (compression) => {
    await add(old, smallPackage('a', '1.0-r0'), { compression });
    const { conffiles, files, modes, plan } = await derived(
      [
        '  a:',
        '    version: 1.0-r1',
        '    files:',
        '      /etc/a.conf: { append: "more\\n" }',
        '      /usr/share/a/new: { content: "hällo\\n", mode: "4755" }',
        '      /usr/share/a/link: { link: ../new }',
        '      /usr/bin/alias: removed',
        '    conffiles: { add: [/usr/share/a/new] }',
      ].join('\n'),
    );
    expect(files).toEqual({
      '/': 'directory',
      '/etc': 'directory',
      '/etc/a.conf': 'release=1.0-r0\nmore\n',
      '/usr': 'directory',
      '/usr/share': 'directory',
      '/usr/share/a': 'directory',
      '/usr/share/a/new': 'hällo\n',
      '/usr/share/a/link': '../new',
    });
    expect(modes).toMatchObject({ '/etc/a.conf': '640', '/usr/share/a/new': '4755', '/usr/share': '755' });
    expect(conffiles).toEqual(['/etc/a.conf', '/usr/share/a/new']);
    expect(plan.changes[0]?.what).toEqual([
      '/etc/a.conf changed',
      '/usr/share/a/new added',
      '/usr/share/a/link added',
      '/usr/bin/alias removed',
      'conffile /usr/share/a/new added',
    ]);
  });

  it.each([
    ['{ content: "x" }', 'x', '640'],
    ['{ replace: "1.0-", with: "ä" }', 'release=är0\n', '640'],
    ['{ content: "", mode: "0600" }', '', '600'],
    ['{ mode: "0600" }', 'release=1.0-r0\n', '600'],
    ['{ link: /dev/null }', '/dev/null', '777'],
  ])('has a file as %s', async (change, content, mode) => {
    await add(old, smallPackage('a', '1.0-r0'));
    const { files, modes } = await derived(`  a: { version: 1.0-r1, files: { /etc/a.conf: ${change} } }\n`);
    expect([files['/etc/a.conf'], modes['/etc/a.conf']]).toEqual([content, mode]);
  });

  it('drops a conffile with its file, or from the list alone', async () => {
    await add(old, smallPackage('a', '1.0-r0'));
    const { conffiles, files } = await derived('  a: { version: 1.0-r1, files: { /etc: removed } }\n');
    expect({ conffiles, files }).toEqual({
      conffiles: [],
      files: { '/': 'directory', '/usr/bin/alias': '../lib/a' },
    });
    await rm(to(), { recursive: true });
    const listed = await derived('  a: { version: 1.0-r1, conffiles: { remove: [/etc/a.conf] } }\n');
    expect(listed.conffiles).toEqual([]);
    expect(listed.files['/etc/a.conf']).toBe('release=1.0-r0\n');
  });

  it.each([
    ['postinst: { break: "exit 1" }', { postinst: '#!/bin/sh\nexit 1\nexit 0\n' }],
    ['postinst: { repair: "exit 0" }', { postinst: '#!/bin/sh\n' }],
    ['postinst: { append: "true\\n" }', { postinst: '#!/bin/sh\nexit 0\ntrue\n' }],
    ['postinst: { content: "x" }', { postinst: 'x' }],
    ['postinst: removed', {}],
    ['prerm: { break: "false" }', { postinst: '#!/bin/sh\nexit 0\n', prerm: '#!/bin/sh\nfalse\n' }],
  ])('has the script %s', async (change, scripts) => {
    await add(old, smallPackage('a', '1.0-r0'));
    expect((await derived(`  a: { version: 1.0-r1, scripts: { ${change} } }\n`)).scripts).toEqual(scripts);
  });

  it('repairs what a release before it broke', async () => {
    await add(old, smallPackage('a', '1.0-r0'));
    const { scripts } = await contents(join(from(), old));
    await derive('  a: { version: 1.0-r1, scripts: { postinst: { break: "exit 1" } } }\n', format);
    const recipe = `from: ${format}\npackages: { a: { version: 1.0-r2, scripts: { postinst: { repair: exit 1 } } } }\n`;
    const next = join(folder, 'next');
    await deriveFeed({ recipe: await write(folder, 'next.yaml', recipe), from: to(), to: next });
    expect((await contents(join(next, `a_1.0-r2_all.${format}`))).scripts).toEqual(scripts);
  });

  it('has other fields', async () => {
    await add(old, smallPackage('a', '1.0-r0', { Depends: 'b', Section: 'x', Tags: 't' }));
    const fields = '{ Depends: { append: c (>= 1) }, section: y, Tags: removed, Suggests: s }';
    expect((await derived(`  a: { version: 1.0-r1, fields: ${fields} }\n`)).fields).toEqual({
      Package: 'a',
      Version: '1.0-r1',
      Architecture: 'all',
      Depends: 'b, c (>= 1)',
      Section: 'y',
      Suggests: 's',
    });
  });

  it('renames a package as packagers do', async () => {
    await add(old, smallPackage('a', '1.0-r0', { Provides: 'mail' }));
    await add(`b.${format}`, smallPackage('b', '1', { Depends: 'a (>= 1), a' }));
    const { fields } = await derived('  a: { version: 1.0-r1, rename: alpha }\n', 'alpha');
    expect(fields).toMatchObject({ Package: 'alpha', Provides: 'mail, a', Replaces: 'a', Conflicts: 'a' });
    expect((await contents(to(`b_1_all.${format}`))).fields).toMatchObject({ Depends: 'alpha (>= 1), a' });
  });

  it('splits a package', async () => {
    await add(old, smallPackage('a', '1.0-r0', { Depends: 'b', Maintainer: 'm' }));
    const { files, fields, conffiles, scripts } = await derived(
      '  a: { version: 1:1.0, split: { a-conf: [/etc/**] }, files: { /etc/a.conf: { append: "x\\n" } } }\n',
      'a',
      '1.0',
    );
    expect({ files, conffiles }).toEqual({
      files: { '/': 'directory', '/etc': 'directory', '/usr/bin/alias': '../lib/a' },
      conffiles: [],
    });
    expect(fields['Depends']).toBe('b, a-conf (= 1:1.0)');
    expect(Object.keys(scripts)).toEqual(['postinst']);
    const part = await contents(to(`a-conf_1.0_all.${format}`));
    expect(part).toMatchObject({ conffiles: ['/etc/a.conf'], scripts: {} });
    expect(part.files).toEqual({
      '/': 'directory',
      '/etc': 'directory',
      '/etc/a.conf': 'release=1.0-r0\nx\n',
    });
    expect(part.fields).toEqual({
      Package: 'a-conf',
      Version: '1:1.0',
      Architecture: 'all',
      Maintainer: 'm',
      Replaces: 'a (<< 1:1.0)',
      ...(format === 'deb' ? { Breaks: 'a (<< 1:1.0)' } : {}),
    });
  });

  it('has a package more', async () => {
    await add(old, smallPackage('a', '1.0-r0'));
    const made = await derived(
      [
        '  n:',
        '    add:',
        '      version: "1.0"',
        '      architecture: all',
        '      files: { /etc/n/x: { content: "x" }, /etc/n/y: { link: x } }',
        '      conffiles: [/etc/n/x]',
        '      scripts: { preinst: "#!/bin/sh\\n" }',
        '      fields: { Depends: a }',
      ].join('\n'),
      'n',
      '1.0',
    );
    expect(made.files).toEqual({
      '/etc': 'directory',
      '/etc/n': 'directory',
      '/etc/n/x': 'x',
      '/etc/n/y': 'x',
    });
    expect(made).toMatchObject({
      conffiles: ['/etc/n/x'],
      scripts: { preinst: '#!/bin/sh\n' },
      fields: { Depends: 'a' },
    });
    expect(made.plan).toMatchObject({
      unchanged: 1,
      changes: [{ name: 'n', oldVersion: '', newVersion: '1.0' }],
    });
  });

  it('has packages that dpkg-deb takes, with md5sums of its files', async ({ skip }) => {
    if (spawnSync('dpkg-deb', ['--version']).error !== undefined) skip('this host lacks dpkg-deb');
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'DEBIAN'), { recursive: true });
    await mkdir(join(tree, 'usr/share/doc'), { recursive: true });
    for (const name of ['changed', 'gone', 'kept'])
      await writeFile(join(tree, 'usr/share/doc', name), `${name}\n`);
    await writeFile(
      join(tree, 'DEBIAN/control'),
      'Package: a\nVersion: 1.0-r0\nArchitecture: all\nMaintainer: m\nDescription: d\n',
    );
    const sums = spawnSync('md5sum', ['usr/share/doc/changed', 'usr/share/doc/gone', 'usr/share/doc/kept'], {
      cwd: tree,
      encoding: 'utf8',
    });
    await writeFile(join(tree, 'DEBIAN/md5sums'), sums.stdout);
    await mkdir(from());
    const built = spawnSync('dpkg-deb', ['--root-owner-group', '--build', tree, join(from(), old)], {
      encoding: 'utf8',
    });
    expect(built.stderr).toBe('');
    const files =
      '{ /usr/share/doc/changed: { append: x }, /usr/share/doc/gone: removed, /usr/new: { content: y } }';
    await derived(`  a: { version: 1.0-r1, files: ${files} }\n`);
    const out = join(folder, 'unpacked');
    const unpacked = spawnSync('dpkg-deb', ['--raw-extract', to(`a_1.0-r1_all.${format}`), out], {
      encoding: 'utf8',
    });
    expect(unpacked.stderr).toBe('');
    const checked = spawnSync('md5sum', ['--check', '--strict', 'DEBIAN/md5sums'], {
      cwd: out,
      encoding: 'utf8',
    });
    expect(checked.stdout).toBe('usr/share/doc/changed: OK\nusr/share/doc/kept: OK\nusr/new: OK\n');
  });
});
