import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveFeed } from '../../../src/derive/derive-feed.ts';
import { readPackage } from '../../../src/package/package-file.ts';
import { listFiles } from '../../../src/package/packaged-files.ts';
import { type RpmRelation, relationKinds } from '../../../src/package/rpm/labels.ts';
import { sense } from '../../../src/package/rpm/tags.ts';
import { type NewRpm, writeRpm } from '../../../src/package/rpm/write-rpm.ts';
import { smallRpm } from '../package/rpm/small-rpm.ts';
import { write } from './feeds.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-derive-rpm-'));
});
afterEach(() => rm(folder, { recursive: true }));

const from = () => join(folder, 'from');
const to = (path = '') => join(folder, 'to', path);

async function derive(packages: string) {
  const recipe = await write(folder, 'recipe.yaml', `from: rpm\n${packages}`);
  return deriveFeed({ recipe, from: from(), to: to() });
}

async function add(path: string, made: NewRpm): Promise<void> {
  await mkdir(dirname(join(from(), path)), { recursive: true });
  const architecture = /\.([^.]+)\.rpm$/.exec(path)?.[1] ?? '';
  const labels = { ...made.labels, architecture };
  await writeRpm(join(from(), path), { ...made, labels }, { seconds: 1_700_000_000 });
}

const operators = new Map([
  [0, ''],
  [sense.less, ' < '],
  [sense.equal, ' = '],
  [sense.greater | sense.equal, ' >= '],
]);

function relationText({ name, flags, version }: RpmRelation): string {
  return `${name}${operators.get(flags & 15) ?? '?'}${version}`;
}

/** All that an rpm is, in a form to compare; what it needs of rpm itself left out. */
async function contents(path: string) {
  const about = await readPackage(path);
  if (about.format !== 'rpm') throw new TypeError('no rpm');
  const { relations, texts } = about.labels;
  const names = (await listFiles(path)).map((file) => file.path);
  const files = await listFiles(path, { contents: new Set(names), digests: true });
  return {
    version: `${about.name} ${about.version}`,
    texts,
    ...Object.fromEntries(
      relationKinds.flatMap((kind) => {
        const list = relations[kind].map(relationText).filter((text) => !text.startsWith('rpmlib('));
        return list.length === 0 ? [] : [[kind, list]];
      }),
    ),
    conffiles: [...about.conffiles],
    scripts: Object.fromEntries(about.scripts),
    files: Object.fromEntries(
      files.map((file) => [file.path, file.content?.toString() ?? file.target ?? file.type]),
    ),
    modes: Object.fromEntries(files.map((file) => [file.path, file.mode.toString(8)])),
  };
}

const exactly = (name: string, version: string): RpmRelation => ({ name, flags: sense.equal, version });

/** A feed in Yocto's layout. */
async function fill(): Promise<void> {
  await add(
    'noarch/a-1.0-r0.noarch.rpm',
    smallRpm('a', '1.0-r0', { provides: [exactly('config(a)', '1.0-r0')] }),
  );
  await add(
    'noarch/a-dev-1.0-r0.noarch.rpm',
    smallRpm('a-dev', '1.0-r0', { requires: [exactly('a', '1.0-r0')] }),
  );
  await add(
    'core2_64/b-2.0-r0.core2_64.rpm',
    smallRpm('b', '2.0-r0', { requires: [{ name: 'a', flags: 0, version: '' }] }),
  );
}

const rpmsBelow = async () =>
  (await readdir(to(), { recursive: true })).filter((name) => name.endsWith('.rpm')).sort();

describe('a release of rpms', () => {
  beforeEach(fill);

  it('has a new version, with all that is exactly about it, and all else as before', async () => {
    const before = await contents(join(from(), 'noarch/a-1.0-r0.noarch.rpm'));
    const plan = await derive('revision: { all: ".1" }');
    expect(await rpmsBelow()).toEqual([
      'core2_64/b-2.0-r0.1.core2_64.rpm',
      'noarch/a-1.0-r0.1.noarch.rpm',
      'noarch/a-dev-1.0-r0.1.noarch.rpm',
    ]);
    expect(await readFile(to('repodata/repomd.xml'), 'utf8')).toContain('-primary.xml.gz');
    const after = await contents(to('noarch/a-1.0-r0.1.noarch.rpm'));
    expect(after).toEqual({
      ...before,
      version: 'a 1.0-r0.1',
      provides: ['a = 1.0-r0.1', 'config(a) = 1.0-r0.1'],
    });
    expect(await contents(to('noarch/a-dev-1.0-r0.1.noarch.rpm'))).toMatchObject({
      requires: ['a = 1.0-r0.1', '/bin/sh'],
    });
    expect(plan.changes.map(({ name, what }) => [name, what])).toEqual([
      ['a', []],
      ['a-dev', ['relations moved']],
      ['b', []],
    ]);
    expect(plan.warnings).toEqual([]);
  });

  it('has other files, configuration files, scriptlets and fields', async () => {
    await derive(
      [
        'packages:',
        '  a:',
        '    version: 1.0^git1-r1',
        '    files:',
        '      /etc/a.conf: { append: "more\\n" }',
        '      /opt/new: { content: "new\\n", mode: "0755" }',
        '      /opt/link: { link: new }',
        '      /usr/share/a/news: removed',
        '      /var/a.cache: removed',
        '    conffiles: { add: [/etc/a.keep], noreplace: [/etc/a.conf, /opt/new] }',
        '    scripts: { post: { break: "exit 1" }, preun: { content: "echo bye\\n" } }',
        '    fields: { Requires: "c >= 1:2.0, d", Summary: short, Recommends: { append: (e or f) } }',
      ].join('\n'),
    );
    expect(await contents(to('noarch/a-1.0^git1-r1.noarch.rpm'))).toEqual({
      version: 'a 1.0^git1-r1',
      texts: { license: 'MIT', summary: 'short', description: '', group: 'Unspecified' },
      provides: ['a = 1.0^git1-r1', 'config(a) = 1.0^git1-r1'],
      requires: ['/bin/sh', 'c >= 1:2.0', 'd', '/bin/sh'],
      recommends: ['(e or f)'],
      conffiles: ['noreplace /etc/a.conf', '/etc/a.keep', 'noreplace /opt/new'],
      scripts: { post: 'exit 1\nexit 0\n', preun: 'echo bye\n' },
      files: {
        '/etc/a.conf': 'release=1.0-r0\nmore\n',
        '/etc/a.keep': 'keep=1.0-r0\n',
        '/opt/link': 'new',
        '/opt/new': 'new\n',
        '/usr/share/a': 'directory',
        '/usr/share/a/alias': '../news',
      },
      modes: {
        '/etc/a.conf': '640',
        '/etc/a.keep': '644',
        '/opt/link': '777',
        '/opt/new': '755',
        '/usr/share/a': '755',
        '/usr/share/a/alias': '777',
      },
    });
    const about = await readPackage(to('noarch/a-1.0^git1-r1.noarch.rpm'));
    const needed = about.format === 'rpm' ? about.labels.relations.requires : [];
    const features = needed.flatMap(({ name }) => /^rpmlib\((.*)\)$/.exec(name)?.[1] ?? []);
    expect(features.slice(-2)).toEqual(['RichDependencies', 'CaretInVersions']);
  });

  it('repairs what the one before broke', async () => {
    await derive('packages: { a: { version: 1.0-r1, scripts: { post: { break: "exit 1" } } } }');
    const recipe = await write(
      folder,
      'repair.yaml',
      'from: rpm\npackages: { a: { version: 1.0-r2, scripts: { post: { repair: "exit 1" } } } }',
    );
    await deriveFeed({ recipe, from: to(), to: join(folder, 'third') });
    const { scripts } = await contents(join(folder, 'third/noarch/a-1.0-r2.noarch.rpm'));
    expect(scripts).toEqual({ post: 'exit 0\n' });
  });

  it('renames with Obsoletes and Provides', async () => {
    const plan = await derive(
      'packages: { a: { version: 1.0-r1, rename: anew }, a-dev: { version: 1.0-r1 } }',
    );
    expect(await contents(to('noarch/anew-1.0-r1.noarch.rpm'))).toMatchObject({
      version: 'anew 1.0-r1',
      provides: ['anew = 1.0-r1', 'config(a) = 1.0-r1', 'a = 1.0-r1'],
      obsoletes: ['a < 1.0-r1'],
    });
    expect(await contents(to('noarch/a-dev-1.0-r1.noarch.rpm'))).toMatchObject({
      requires: ['anew = 1.0-r1', '/bin/sh'],
    });
    expect(plan.warnings).toEqual([]);
  });

  it('splits: the part has its files and no scriptlets, and the rest needs exactly it', async () => {
    await derive('packages: { a: { version: 1.0-r1, split: { a-conf: ["/etc/**", /var/a.cache] } } }');
    expect(await contents(to('noarch/a-1.0-r1.noarch.rpm'))).toMatchObject({
      requires: ['/bin/sh', 'a-conf = 1.0-r1'],
      conffiles: [],
      files: { '/usr/share/a': 'directory', '/usr/share/a/alias': '../news', '/usr/share/a/news': 'news\n' },
    });
    const part = await contents(to('noarch/a-conf-1.0-r1.noarch.rpm'));
    expect(part).toMatchObject({
      version: 'a-conf 1.0-r1',
      provides: ['a-conf = 1.0-r1'],
      conflicts: ['a < 1.0-r1'],
      conffiles: ['/etc/a.conf', 'noreplace /etc/a.keep'],
      scripts: {},
      files: { '/etc/a.conf': 'release=1.0-r0\n', '/etc/a.keep': 'keep=1.0-r0\n', '/var/a.cache': 'ghost' },
    });
    expect(part).not.toHaveProperty('requires');
  });

  it('adds and removes packages, and tells what nothing offers any more', async () => {
    const plan = await derive(
      [
        'packages:',
        '  a: removed',
        '  c:',
        '    add:',
        '      version: 1:3-r0',
        '      architecture: core2_64',
        '      files: { /etc/c: { content: c }, /etc/c.keep: { content: d } }',
        '      conffiles: [/etc/c]',
        '      noreplace: [/etc/c.keep]',
        '      scripts: { posttrans: "exit 0\\n" }',
        '      fields: { License: MIT, Provides: "cc = 2", Conflicts: "d < 1" }',
      ].join('\n'),
    );
    expect(plan.warnings).toEqual([
      'b depends on a, which the new release does not have',
      'a-dev depends on a, which the new release does not have',
    ]);
    expect(await contents(to('core2_64/c-3-r0.core2_64.rpm'))).toMatchObject({
      version: 'c 1:3-r0',
      texts: { license: 'MIT', summary: 'c' },
      provides: ['c = 1:3-r0', 'cc = 2'],
      conflicts: ['d < 1'],
      requires: ['/bin/sh'],
      conffiles: ['/etc/c', 'noreplace /etc/c.keep'],
      scripts: { posttrans: 'exit 0\n' },
      files: { '/etc/c': 'c', '/etc/c.keep': 'd' },
    });
  });

  it('is the same each time', async () => {
    const recipe = 'packages: { a: { version: 1.0-r1, files: { /etc/a.conf: { append: x } } } }';
    await derive(recipe);
    const first = await readFile(to('noarch/a-1.0-r1.noarch.rpm'));
    await rm(to(), { recursive: true });
    await derive(recipe);
    expect((await readFile(to('noarch/a-1.0-r1.noarch.rpm'))).equals(first)).toBe(true);
  });

  it.each([
    ['a: { version: "2" }', 'no rpm has such a version; expected one like 1.35.0-r1, with its release'],
    ['a: { version: 1.0~rc9-r0 }', '1.0~rc9-r0 is not newer than 1.0-r0'],
    [
      'a: { version: 1.0-r1, scripts: { postinst: removed } }',
      'no rpm has a script postinst: it is called post',
    ],
    [
      'a: { version: 1.0-r1, scripts: { config: removed } }',
      'no rpm has a script config; expected one of pretrans,',
    ],
    [
      'a: { version: 1.0-r1, fields: { Depends: b } }',
      'no field of an rpm that can be changed: Depends; expected one of',
    ],
    ['a: { version: 1.0-r1, fields: { Obsoletes: removed } }', 'the package has no obsoletes'],
    ['a: { version: 1.0-r1, fields: { Require: b } }', 'did you mean "requires"?'],
    ['a: { version: 1.0-r1, fields: { Requires: "b (>= 1)" } }', '"b (>= 1)" is no relation of an rpm'],
    ['a: { version: 1.0-r1, files: { /var/a.cache: { append: x } } }', '/var/a.cache is a ghost, not a file'],
    ['a: { version: 1.0-r1, conffiles: { noreplace: [/etc/a.keep] } }', '/etc/a.keep is a conffile already'],
    ['a: { version: 1.0-r1, conffiles: { noreplace: [/etc/none] } }', 'the package has no file "/etc/none"'],
    ['a: { version: 1.0-r1, scripts: { post: { append: "a\\0b" } } }', 'text without a zero byte'],
  ])('says what is wrong with %s', async (change, message) => {
    await expect(derive(`packages:\n  ${change}\n`)).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(['from', 'recipe.yaml']);
  });
});
