import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveFeed } from '../../../src/derive/derive-feed.ts';
import { readAr, writeAr } from '../../../src/package/archive/ar.ts';
import { openSource } from '../../../src/package/archive/byte-source.ts';
import { packTar } from '../../../src/package/archive/tar.ts';
import { field } from '../../../src/package/control/stanza.ts';
import type { NewPackage } from '../../../src/package/control/write-package.ts';
import type { PackageFormat } from '../../../src/package/package-format.ts';
import { smallPackage } from '../package/small-package.ts';
import { all, contents, put, write } from './feeds.ts';

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

/** The names below the new release, indexes left out. */
async function packages(): Promise<string[]> {
  const found = await readdir(to(), { recursive: true });
  return found.filter((name) => /\.(ipk|deb)$/.test(name)).sort();
}

describe('a package that is hostile', () => {
  const bytesOf = async (made: NewPackage, change: (members: Map<string, Buffer>) => void) => {
    const path = await add('a.deb', made, { compression: 'none' });
    const members = new Map<string, Buffer>();
    {
      await using source = await openSource(path);
      for await (const { name, content } of readAr(source)) members.set(name, await all(content));
    }
    change(members);
    await writeFile(
      path,
      writeAr(
        [...members].map(([name, content]) => ({ name, content })),
        0,
      ),
    );
    return path;
  };
  const touched = '  a: { version: 1.0-r1, files: { /new: { content: x } } }\n';

  it('is told with its file and member where a hard link leads out of it', async () => {
    const path = await bytesOf(smallPackage('a', '1.0-r0'), (members) => {
      const data = members.get('data.tar') ?? Buffer.alloc(0);
      const at = data.indexOf('../lib/a') - 157;
      data.write('1', at + 156);
      data.fill(' ', at + 148, at + 156);
      const sum = data.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
      data.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
    });
    await expect(derive(touched, 'deb')).rejects.toMatchObject({
      kind: 'scenario',
      code: 'package-damaged',
      message: expect.stringMatching(
        new RegExp(
          `^${path}: data\\.tar \\(at byte \\d+\\): "/usr/bin/alias" is a hard link to "\\.\\./lib/a", which leads out`,
        ),
      ) as string,
    });
  });

  it('is told with its file where a member has a name that cannot be written', async () => {
    const path = await bytesOf(smallPackage('a', '1.0-r0'), () => undefined);
    const bytes = await readFile(path);
    bytes.write('a b', bytes.indexOf('debian-binary'));
    await writeFile(path, bytes);
    await rm(path.replace(/deb$/, 'ipk'), { force: true });
    await writeFile(path.replace(/deb$/, 'ipk'), bytes);
    await expect(derive(touched, 'ipk')).rejects.toMatchObject({
      kind: 'scenario',
      code: 'package-damaged',
      message: expect.stringMatching(
        /a\.ipk: the member "a bian-binary" has a name that cannot be written/,
      ) as string,
    });
  });
});

describe('a derived release', () => {
  it("has Yocto's layout, and packages that stay are hard links", async () => {
    await add('all/a_1-r0_all.ipk', smallPackage('a', '1-r0', { Depends: 'b (= 2-r0), v (= 2-r0), c' }));
    const tune = { Architecture: 'cortexa53' };
    await add(
      'cortexa53/b_2-r0_cortexa53.ipk',
      smallPackage('b', '2-r0', { ...tune, Provides: 'v (= 2-r0)' }),
    );
    await add('cortexa53/c_1_cortexa53.ipk', smallPackage('c', '1', tune));
    await add('cortexa53/d_1_cortexa53.ipk', smallPackage('d', '1', { ...tune, Depends: 'c' }));
    await add('qemuarm64/m_1_qemuarm64.ipk', smallPackage('m', '1', { Architecture: 'qemuarm64' }));
    await add('morgue/z_1_all.ipk', smallPackage('z', '1'));
    const { warnings, unchanged } = await derive(
      [
        '  b: { version: 2-r1 }',
        '  m: removed',
        '  c: removed',
        '  n: { add: { version: 1-r0, architecture: cortexa53 } }',
      ].join('\n'),
    );
    expect(await packages()).toEqual([
      'all/a_1-r0_all.ipk',
      'cortexa53/b_2-r1_cortexa53.ipk',
      'cortexa53/d_1_cortexa53.ipk',
      'cortexa53/n_1-r0_cortexa53.ipk',
    ]);
    const b = (await contents(to('cortexa53/b_2-r1_cortexa53.ipk'))).fields;
    expect([b['Version'], b['Provides']]).toEqual(['2-r1', 'v (= 2-r1)']);
    expect((await contents(to('all/a_1-r0_all.ipk'))).fields['Depends']).toBe('b (= 2-r1), v (= 2-r1), c');
    expect(await readFile(to('qemuarm64/Packages'), 'utf8')).toBe('');
    expect(await readFile(to('Packages'), 'utf8')).toBe('');
    expect(await readFile(to('cortexa53/Packages'), 'utf8')).toMatch(
      /Package: b\n[^]*Package: d\n[^]*Package: n\n/,
    );
    const [one, other] = [to('cortexa53/d_1_cortexa53.ipk'), join(from(), 'cortexa53/d_1_cortexa53.ipk')];
    expect((await lstat(one)).ino).toBe((await lstat(other)).ino);
    expect(unchanged).toBe(1);
    expect(warnings.sort()).toEqual([
      'a depends on an exact version that moved, but keeps its own: a device with a 1-r0 would not take it; give it a new version as well',
      'a depends on c, which the new release does not have',
      'd depends on c, which the new release does not have',
    ]);
    expect(await readdir(folder)).toEqual(['from', 'recipe.yaml', 'to']);
  });

  it('re-versions everything but exceptions, each with its epoch', async () => {
    await add('a.ipk', smallPackage('a', '1:1.0-r0', { Depends: 'b (= 2.0), c (= 3-r0)' }));
    await add('b.ipk', smallPackage('b', '2.0'));
    await add('c.ipk', smallPackage('c', '3-r0'));
    await add('d.ipk', smallPackage('d', '4-r0'));
    const recipe = 'from: ipk\nrevision: { all: ".1", except: [c] }\npackages: { d: { version: 5-r0 } }\n';
    expect((await derive(recipe)).changes.map(({ newVersion }) => newVersion)).toEqual([
      '1:1.0-r0.1',
      '2.0.1',
      '5-r0',
    ]);
    expect(await packages()).toEqual(['a_1.0-r0.1_all.ipk', 'b_2.0.1_all.ipk', 'c.ipk', 'd_5-r0_all.ipk']);
    expect((await contents(to('a_1.0-r0.1_all.ipk'))).fields['Depends']).toBe('b (= 2.0.1), c (= 3-r0)');
  });

  it('changes the newest version of each architecture', async () => {
    await add('a1.deb', smallPackage('a', '1', { Architecture: 'arm64' }));
    await add('a2.deb', smallPackage('a', '2', { Architecture: 'arm64' }));
    await add('a3.deb', smallPackage('a', '2', { Architecture: 'amd64' }));
    await derive('  a: { version: "3" }\n', 'deb');
    expect(await packages()).toEqual(['a1.deb', 'a_3_amd64.deb', 'a_3_arm64.deb']);
  });

  it('is the same each time, to the byte', async () => {
    await add('a.ipk', smallPackage('a', '1-r0'), { compression: 'xz', seconds: 1_600_000_000 });
    await add('b.ipk', smallPackage('b', '1-r0'), { compression: 'zst', container: 'tar.gz' });
    const recipe =
      'from: ipk\nrevision: { all: ".1" }\npackages:\n' +
      '  a: { files: { /x: { content: x } }, split: { a-b: [/usr/**] } }\n' +
      '  b: { files: { /etc/b.conf: { append: x } } }\n  n: { add: { version: "1", architecture: all } }\n';
    const bytes = async () => {
      await derive(recipe);
      const names = (await readdir(to())).sort();
      const read = await Promise.all(names.map((name) => readFile(to(name), 'base64')));
      await rm(to(), { recursive: true });
      return names.map((name, i) => [name, read[i]]);
    };
    const first = await bytes();
    await new Promise((done) => setTimeout(done, 1100));
    expect(await bytes()).toEqual(first);
    expect(first.map(([name]) => name)).toEqual([
      'Packages',
      'Packages.gz',
      'a-b_1-r0.1_all.ipk',
      'a_1-r0.1_all.ipk',
      'b_1-r0.1_all.ipk',
      'n_1_all.ipk',
    ]);
  });

  it('keeps what it does not know in control.tar, and what is not UTF-8; a signature goes', async () => {
    const script = Buffer.from('#!/bin/sh\necho \xe4\n', 'latin1');
    const files: [string, Buffer][] = [
      ['control', Buffer.from('Package: a\nVersion: 1\nArchitecture: all\n')],
      ['postinst', script],
      ['triggers', Buffer.from('interest x\n')],
    ];
    const entries = files.map(([path, content]) => ({ path, type: 'file' as const, mode: 0o755, content }));
    const member = async (tar: Parameters<typeof packTar>[0]) => gzipSync(await all(packTar(tar, 5)));
    const members = [
      { name: 'debian-binary', content: Buffer.from('2.0\n') },
      { name: 'control.tar.gz', content: await member(entries) },
      { name: 'data.tar.gz', content: await member([{ path: './x', type: 'directory', mode: 0o700 }]) },
      { name: '_gpgorigin', content: Buffer.from('signed') },
    ];
    await mkdir(from());
    await writeFile(join(from(), 'a.deb'), writeAr(members, 0));
    await derive('  a: { version: "2" }\n', 'deb');
    const made = new Map<string, Buffer>();
    await using source = await openSource(to('a_2_all.deb'));
    for await (const { name, content } of readAr(source)) made.set(name, await all(content));
    expect([...made.keys()]).toEqual(['debian-binary', 'control.tar.gz', 'data.tar.gz']);
    expect(made.get('data.tar.gz')?.equals(members[2]!.content)).toBe(true);
    const control = gunzipSync(made.get('control.tar.gz')!);
    expect(control.includes(script)).toBe(true);
    expect(control.includes('interest x\n')).toBe(true);
    await rm(to(), { recursive: true });
    await expect(
      derive('  a: { version: "2", scripts: { postinst: { append: x } } }\n', 'deb'),
    ).rejects.toThrow('postinst is not UTF-8 text: it can only be removed or given a new content');
    await derive('  a: { version: "2", split: { b: [/y] }, files: { /y: { content: y } } }\n', 'deb');
    await using part = await openSource(to('b_2_all.deb'));
    for await (const { name, content } of readAr(part)) made.set(name, await all(content));
    expect(gunzipSync(made.get('control.tar.gz')!).includes('interest')).toBe(false);
  });
});

describe('a recipe that cannot be followed', () => {
  beforeEach(async () => {
    await add('busybox.ipk', smallPackage('busybox', '1.35.0-r0'));
    await add('curl.ipk', smallPackage('curl', '7-r0'));
  });

  it.each([
    [
      'an unknown package',
      '  busybux: { version: 2-r0 }',
      '3:3: packages: no package "busybux" in the feed; did you mean "busybox"?',
    ],
    [
      'one to be removed',
      '  curll: removed',
      '3:3: packages: no package "curll" in the feed; did you mean "curl"?',
    ],
    [
      'an unknown file',
      '  curl: { version: 7-r1, files: { /etc/curl.cnf: { append: x } } }',
      '3:35: packages.curl.files: the package has no file "/etc/curl.cnf"; did you mean "/etc/curl.conf"?',
    ],
    [
      'a file to be removed',
      '  curl: { version: 7-r1, files: { /nothing: removed } }',
      '3:35: packages.curl.files: the package has no file "/nothing"',
    ],
    [
      'a text that is not there',
      '  curl: { version: 7-r1, files: { /etc/curl.conf: { replace: y, with: z } } }',
      '3:35: packages.curl.files: /etc/curl.conf does not have the text "y"',
    ],
    [
      'a link as a file',
      '  curl: { version: 7-r1, files: { /usr/bin/alias: { append: x } } }',
      '3:35: packages.curl.files: /usr/bin/alias is a symlink, not a file',
    ],
    [
      'a file below a link',
      '  curl: { version: 7-r1, files: { /usr/bin/alias/x: { content: x } } }',
      '3:35: packages.curl.files: /usr/bin/alias is a symlink in this package, not a folder',
    ],
    [
      'no such conffile',
      '  curl: { version: 7-r1, conffiles: { remove: [/etc/curl.con] } }',
      '3:48: packages.curl.conffiles.remove[0]: "/etc/curl.con" is no conffile of the package; did you mean "/etc/curl.conf"?',
    ],
    [
      'a conffile that is not shipped',
      '  curl: { version: 7-r1, conffiles: { add: [/etc/new] } }',
      '3:45: packages.curl.conffiles.add[0]: the package has no file "/etc/new"',
    ],
    [
      'a conffile already',
      '  curl: { version: 7-r1, conffiles: { add: [/etc/curl.conf] } }',
      '3:45: packages.curl.conffiles.add[0]: /etc/curl.conf is a conffile already',
    ],
    [
      'no such script',
      '  curl: { version: 7-r1, scripts: { prerm: removed } }',
      '3:37: packages.curl.scripts: the package has no prerm',
    ],
    [
      'nothing to repair',
      '  curl: { version: 7-r1, scripts: { postinst: { repair: exit 1 } } }',
      '3:37: packages.curl.scripts: postinst has no line "exit 1" to be taken away',
    ],
    [
      'no such field',
      '  curl: { version: 7-r1, fields: { Versio: removed } }',
      '3:36: packages.curl.fields: the package has no field Versio; did you mean "Version"?',
    ],
    [
      'an older version',
      '  curl: { version: 6-r9 }',
      '3:20: packages.curl.version: 6-r9 is not newer than 7-r0; give a newer one, or say notNewer: true',
    ],
    [
      'no new version',
      '  curl: { files: { /etc/x: { content: x } } }',
      '3:3: packages: curl changes and stays at 7-r0: nothing would upgrade to it; give it a version, or say notNewer: true',
    ],
    [
      'a name that is taken',
      '  curl: { rename: busybox }',
      '3:19: packages.curl.rename: there is a package busybox already',
    ],
    [
      'a package added again',
      '  curl: { add: { version: 1-r0, architecture: all } }',
      '3:3: packages: there is a package curl already',
    ],
    [
      'a split of nothing',
      '  curl: { version: 7-r1, split: { x: [/opt/**] } }',
      '3:39: packages.curl.split.x[0]: no file of the package matches "/opt/**"',
    ],
    [
      'an unknown architecture',
      '  n: { add: { version: 1-r0, architecture: al } }',
      '3:44: packages.n.add.architecture: no package of the feed has the architecture "al"; did you mean "all"?',
    ],
    [
      'an unknown key',
      '  curl: { versoin: 7-r1 }',
      '3:11: packages.curl: unknown key "versoin"; did you mean "version"?',
    ],
    [
      'an unknown operation',
      '  curl: { files: { /x: { apend: x } } }',
      '3:26: packages.curl.files./x: unknown key "apend"; did you mean "append"?',
    ],
    [
      'an unknown word',
      '  curl: remved',
      '3:9: packages.curl: expected "removed" or a mapping, found "remved"; did you mean "removed"?',
    ],
    ['an unknown script', '  curl: { scripts: { postint: removed } }', '3:22: packages.curl.scripts: '],
    [
      'two operations',
      '  curl: { files: { /x: { append: x, content: y } } }',
      '3:24: packages.curl.files./x: a file needs one of append, content, replace, link, or a mode alone',
    ],
    [
      'a number for a version',
      '  curl: { version: 1.10 }',
      '3:20: packages.curl.version: expected text: a version, found the number 1.10; quote it: "1.10"',
    ],
    [
      'a relative path',
      '  curl: { files: { etc/x: removed } }',
      '3:20: packages.curl.files: key "etc/x": expected an absolute path in the package',
    ],
    [
      'add with more',
      '  n: { version: 2-r0, add: { version: 1-r0, architecture: all } }',
      '3:6: packages.n: a package that is added has all its keys below add',
    ],
  ])('%s', async (_, recipe, message) => {
    const error = await derive(`${recipe}\n`).catch((thrown: unknown) => thrown as Error & { kind: string });
    expect(error).toMatchObject({ kind: 'scenario' });
    expect('message' in error && error.message).toContain(`${join(folder, 'recipe.yaml')}:${message}`);
    expect(await readdir(folder)).toEqual(['from', 'recipe.yaml']);
  });

  it('tells of an exception that is not there', async () => {
    await expect(derive('from: ipk\nrevision: { all: ".1", except: [crl] }\n')).rejects.toThrow(
      ':2:33: revision.except[0]: no package "crl" in the feed; did you mean "curl"?',
    );
  });

  it('keeps a version where the recipe insists', async () => {
    await derive('  curl: { notNewer: true, files: { /etc/curl.conf: { content: x } } }\n');
    expect((await contents(to('curl_7-r0_all.ipk'))).files['/etc/curl.conf']).toBe('x');
  });

  it.each(['../../evil', 'a/b', '.a', 'a\u001bb'])('refuses a package that calls itself %j', async (name) => {
    await add('x.ipk', {
      ...smallPackage('x', '1'),
      control: [field('Package', name), field('Version', '1'), field('Architecture', 'all')],
    });
    await expect(derive('from: ipk\nrevision: { all: ".1" }\n')).rejects.toMatchObject({
      kind: 'scenario',
      code: 'feed-name',
    });
    expect(await readdir(folder)).toEqual(['from', 'recipe.yaml']);
  });

  it('takes an empty folder and no other', async () => {
    await mkdir(to());
    await derive('  curl: removed\n');
    expect(await packages()).toEqual(['busybox.ipk']);
    await expect(derive('  curl: removed\n')).rejects.toMatchObject({
      kind: 'scenario',
      code: 'feed-occupied',
      message: `${to()}: is not empty; it has Packages`,
    });
    const inside = { recipe: join(folder, 'recipe.yaml'), from: from(), to: join(from(), 'x', 'y') };
    await expect(deriveFeed(inside)).rejects.toMatchObject({ code: 'feed-inside' });
    await symlink(from(), join(folder, 'link'));
    await expect(deriveFeed({ ...inside, to: join(folder, 'link', 'x') })).rejects.toMatchObject({
      code: 'feed-inside',
    });
    await expect(deriveFeed({ ...inside, to: join(from(), 'curl.ipk') })).rejects.toMatchObject({
      kind: 'scenario',
    });
  });

  it('leaves nothing where a package turns out damaged, or it is stopped', async () => {
    await add('z.ipk', smallPackage('z', '1-r0'), { compression: 'gz' });
    const bytes = await readFile(join(from(), 'z.ipk'));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 0xff, bytes.length - 100);
    await writeFile(join(from(), 'z.ipk'), bytes);
    await expect(derive('  z: { version: 2-r0, files: { /x: { content: x } } }\n')).rejects.toMatchObject({
      code: 'package-damaged',
    });
    const recipe = await write(folder, 'recipe.yaml', 'from: ipk\nrevision: { all: ".1" }\n');
    await expect(
      deriveFeed({ recipe, from: from(), to: to() }, AbortSignal.abort(new Error('stop'))),
    ).rejects.toThrow('stop');
    expect(await readdir(folder)).toEqual(['from', 'recipe.yaml']);
  });

  it('does not take a file for a folder', async () => {
    await writeFile(join(folder, 'file'), '');
    const recipe = await write(folder, 'recipe.yaml', 'from: ipk\nrevision: { all: ".1" }\n');
    await expect(deriveFeed({ recipe, from: from(), to: join(folder, 'file', 'to') })).rejects.toMatchObject({
      kind: 'scenario',
      message: `${join(folder, 'file', 'to')}: cannot be made a folder: is a file, or lies in one`,
    });
  });
});
