import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { addRpm } from '../feed/rpm-feed.ts';
import { smallRpm } from '../package/rpm/small-rpm.ts';
import { smallPackageFile } from '../package/small-package.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-feed-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function brownout(args: string[], onOutput: (out: string) => void = () => undefined) {
  const text = { out: '', err: '' };
  const code = await runCli(args, {
    stdout: {
      write: (more) => {
        text.out += more;
        onOutput(text.out);
      },
    },
    stderr: { write: (more) => (text.err += more) },
    environment: { PATH: folder },
  });
  return { code, ...text };
}

async function add(path: string, name: string, version: string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), await smallPackageFile(name, version));
}

describe('feed index', () => {
  it('writes the index of a folder and says where', async () => {
    await add('a.ipk', 'a', '1.0');
    expect(await brownout(['feed', 'index', '--format', 'ipk', folder])).toEqual({
      code: 0,
      out: `${folder}/Packages: 1 package\n`,
      err: '',
    });
    expect((await readdir(folder)).sort()).toEqual(['Packages', 'Packages.gz', 'a.ipk']);
    expect(await readFile(join(folder, 'Packages'), 'utf8')).toMatch(/^Package: a\nVersion: 1\.0\n/);
  });

  it("writes one per folder in Yocto's layout", async () => {
    await add('all/a.ipk', 'a', '1.0');
    await add('tune/b.ipk', 'b', '1.0');
    await add('tune/b2.ipk', 'b', '1.1');
    await writeFile(join(folder, 'all', 'Packages.asc'), '');
    const { code, out, err } = await brownout(['feed', 'index', '--format', 'ipk', folder]);
    expect({ code, out }).toEqual({
      code: 0,
      out: `${folder}/all/Packages: 1 package\n${folder}/tune/Packages: 1 package\n`,
    });
    expect(err).toBe(
      `warning: Packages.asc beside ${folder}/all/Packages was made for the index before; make it again or take it away\n` +
        `warning: b.ipk is not in ${folder}/tune/Packages: b2.ipk has the newer version\n`,
    );
    expect(await readFile(join(folder, 'Packages'), 'utf8')).toBe('');
  });

  it('names what the release before has in the same version with other content, and ends with 2', async () => {
    for (const [release, content] of [
      ['old', 'one'],
      ['new', 'two'],
    ] as const) {
      await add(`${release}/all/a.ipk`, 'a', '1.0');
      await add(`${release}/all/b.ipk`, 'b', release === 'old' ? '1.0' : '1.1');
      await writeFile(
        join(folder, release, 'all', 'c.ipk'),
        await smallPackageFile('c', '1.0', { Depends: content }),
      );
    }
    const compared = ['feed', 'index', '--format', 'ipk', '--compare', join(folder, 'old')];
    expect(await brownout([...compared, join(folder, 'new')])).toEqual({
      code: 2,
      out: `${folder}/new/all/Packages: 3 packages\n`,
      err: `error: same-version-other-content: c 1.0 (Depends) is not as in ${folder}/old, and devices that have it from there do not get it\n`,
    });
    expect(await brownout([...compared, join(folder, 'old')])).toMatchObject({ code: 0, err: '' });
  });

  it('prints one index with --stdout and writes nothing', async () => {
    await add('a.deb', 'a', '1.0');
    const { code, out, err } = await brownout(['feed', 'index', '--format', 'deb', '--stdout', folder]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('\nFilename: ./a.deb\n');
    expect(await readdir(folder)).toEqual(['a.deb']);
  });

  it('writes what apt needs beside the index of debs, the same each time', async () => {
    await add('a.deb', 'a', '1.0');
    const key = join(import.meta.dirname, '..', '..', '..', 'images', 'keys', 'feed.key.asc');
    const args = [
      'feed',
      'index',
      '--format',
      'deb',
      '--date',
      '2026-01-31',
      '--suite',
      'edge',
      '--sign',
      key,
    ];
    const names = ['InRelease', 'Packages', 'Packages.gz', 'Release'];
    const files = () => Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
    expect(await brownout([...args, folder])).toEqual({
      code: 0,
      out: `${folder}/Packages: 1 package, with Release and InRelease signed with 4829B533EBC0B1E00A268864D2F65D925A57C23F\n`,
      err: '',
    });
    const first = await files();
    expect(first[3]).toMatch(/^Suite: edge\nCodename: edge\nDate: Sat, 31 Jan 2026 00:00:00 UTC\n/m);
    await brownout([...args, folder]);
    expect(await files()).toEqual(first);
  });

  it('warns of a signature that is no longer right', async () => {
    await add('a.deb', 'a', '1.0');
    await writeFile(join(folder, 'InRelease'), '');
    await writeFile(join(folder, 'Release.gpg'), '');
    const { out, err } = await brownout(['feed', 'index', '--format', 'deb', folder]);
    expect(out).toBe(`${folder}/Packages: 1 package, with Release\n`);
    expect(err.match(/^warning: \S+/gm)).toEqual(['warning: InRelease', 'warning: Release.gpg']);
  });

  it.each([
    ['--suite', 'a b', '--suite: expected a letter or digit, then letters'],
    ['--date', '31.1.2026', '--date: expected a time such as 2026-01-31'],
    ['--date', '2026-13-01', '--date: expected a time such as 2026-01-31'],
    ['--valid-until', '2020-01-01T00:00:00+01:00', '--valid-until: expected a time after --date'],
    ['--sign', '/nowhere', '/nowhere: the key cannot be read: no such file'],
  ])('%s %s ends with 2', async (option, value, message) => {
    await add('a.deb', 'a', '1.0');
    const { code, err } = await brownout(['feed', 'index', '--format', 'deb', option, value, folder]);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(await readdir(folder)).toEqual(['a.deb']);
  });

  it('has a Release file for debs that are written only', async () => {
    await add('a.ipk', 'a', '1.0');
    const ipk = await brownout(['feed', 'index', '--format', 'ipk', '--sign', 'key', folder]);
    expect(ipk.err).toContain('--sign is for the Release file, which only debs have');
    const stdout = await brownout([
      'feed',
      'index',
      '--format',
      'deb',
      '--stdout',
      '--date',
      '2026-01-31',
      folder,
    ]);
    expect(stdout.err).toContain('--date is for the Release file, which --stdout does not write');
    expect([ipk.code, stdout.code]).toEqual([2, 2]);
  });

  it.each([
    [
      'no such folder',
      ['--format', 'ipk', 'none'],
      /none: there is no such folder\nhint: name the folder that/,
    ],
    ['no format', ['.'], /required option '--format <format>' not specified/],
    ['another format', ['--format', 'apk', '.'], /--format: expected one of ipk, deb, rpm, found "apk"/],
    ['the wrong format', ['--format', 'deb', '.'], /no \.deb in it, but 3 \.ipk\nhint: try --format ipk/],
    ['nothing', ['--format', 'ipk', 'empty'], /empty: no \.ipk in it or below it\nhint: name the folder/],
    ['several feeds', ['--format', 'ipk', '--stdout', '.'], /there are 2 feeds: all, tune\nhint: .*all\n/],
  ])('%s ends with 2 and one message', async (_, args, message) => {
    await add('all/a.ipk', 'a', '1.0');
    await add('tune/a.ipk', 'a', '1.0');
    await add('tune/b.ipk', 'b', '1.0');
    await mkdir(join(folder, 'empty'));
    const given = args.map((arg, i) => (i === args.length - 1 ? join(folder, arg) : arg));
    const { code, out, err } = await brownout(['feed', 'index', ...given]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err.match(/^error: /gm)).toHaveLength(1);
    expect(await readdir(join(folder, 'all'))).toEqual(['a.ipk']);
  });

  it('leaves out what is damaged, names it, and ends with 2', async () => {
    await add('all/a.ipk', 'a', '1.0');
    await add('tune/a.ipk', 'a', '1.0');
    await writeFile(join(folder, 'tune', 'b.ipk'), '<!DOCTYPE html>');
    await writeFile(join(folder, 'tune', 'c.ipk'), 'x');
    const expected = {
      code: 2,
      err:
        `error: ${folder}/tune/b.ipk: byte 0: expected an ar archive or a gzipped tar, found text, perhaps the error page of a web server; left out\n` +
        `error: ${folder}/tune/c.ipk: byte 0: expected an ar archive or a gzipped tar, found something else; left out\n`,
    };
    expect(await brownout(['feed', 'index', '--format', 'ipk', folder])).toEqual({
      ...expected,
      out: `${folder}/all/Packages: 1 package\n${folder}/tune/Packages: 1 package\n`,
    });
    expect(await readFile(join(folder, 'tune', 'Packages'), 'utf8')).toMatch(/^Package: a\n/);
    const printed = await brownout(['feed', 'index', '--format', 'ipk', '--stdout', join(folder, 'tune')]);
    expect({ code: printed.code, err: printed.err }).toEqual(expected);
    expect(printed.out).toMatch(/^Package: a\n/);
  });

  it('leaves out an rpm that is damaged, names it, and ends with 2', async () => {
    await addRpm(folder, 'noarch/a-1-r0.noarch.rpm', smallRpm('a', '1-r0'));
    const cut = await addRpm(folder, 'noarch/b-1-r0.noarch.rpm', smallRpm('b', '1-r0'));
    await truncate(cut, 400);
    await writeFile(join(folder, 'noarch', 'c.rpm'), 'x');
    const { code, out, err } = await brownout(['feed', 'index', '--format', 'rpm', folder]);
    expect({ code, out }).toEqual({ code: 2, out: `${folder}/repodata/repomd.xml: 1 package\n` });
    const named = /^error: ([^:]*): .*; left out$/gm;
    expect(Array.from(err.matchAll(named), ([, file]) => file)).toEqual([cut, `${folder}/noarch/c.rpm`]);
    const printed = await brownout(['feed', 'index', '--format', 'rpm', '--stdout', folder]);
    expect({ code: printed.code, err: printed.err }).toEqual({ code, err });
    expect(printed.out.match(/<name>.*<\/name>/g)).toEqual(['<name>a</name>']);
  });

  it.each([
    [1, 'warning: 1 source rpm is not in the index: they install nothing\n'],
    [2, 'warning: 2 source rpms are not in the index: they install nothing\n'],
  ])('says that it leaves out source rpms: %i', async (count, said) => {
    await addRpm(folder, 'a-1-r0.noarch.rpm', smallRpm('a', '1-r0'));
    await writeFile(join(folder, 'a-1-r0.src.rpm'), '');
    if (count === 2) await addRpm(folder, 'sub/b-1-r0.nosrc.rpm', smallRpm('b', '1-r0'));
    expect(await brownout(['feed', 'index', '--format', 'rpm', folder])).toEqual({
      code: 0,
      out: `${folder}/repodata/repomd.xml: 1 package\n`,
      err: said,
    });
  });

  it('writes nothing where every package is damaged', async () => {
    await writeFile(join(folder, 'b.ipk'), 'x');
    const { code, out, err } = await brownout(['feed', 'index', '--format', 'ipk', folder]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error: .*b\.ipk: byte 0: .*\nhint: take the file away/);
    expect(await readdir(folder)).toEqual(['b.ipk']);
  });

  it('takes an ipk that opkg takes, and says what of it opkg passes over', async () => {
    const odd = { Description: 'short\nlong\n\nmore', Section: 'x\n\n' };
    await writeFile(join(folder, 'a.ipk'), await smallPackageFile('a', '1.0', odd));
    await writeFile(join(folder, 'b.ipk'), await smallPackageFile('b', '1.0', { 'no field': 'x' }));
    const { code, out, err } = await brownout(['feed', 'index', '--format', 'ipk', folder]);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: `${folder}/Packages: 2 packages\n`,
      err: `warning: ${folder}/b.ipk: control: line 4: not a field: "no field: x"; opkg passes over it\n`,
    });
    expect(await readFile(join(folder, 'Packages'), 'utf8')).toContain('Section: x\n');
  });

  it('ends with 3 where it cannot write', async () => {
    await add('a.ipk', 'a', '1.0');
    await mkdir(join(folder, 'Packages.gz'));
    const { code, err } = await brownout(['feed', 'index', '--format', 'ipk', folder]);
    expect(code).toBe(3);
    expect(err).toContain('Packages.gz cannot be written: ');
    expect(err).toContain('hint: with --stdout');
  });
});

describe('feed derive', () => {
  const derive = async (recipe: string) => {
    await writeFile(join(folder, 'r.yaml'), recipe);
    return brownout([
      'feed',
      'derive',
      '--recipe',
      join(folder, 'r.yaml'),
      join(folder, 'from'),
      join(folder, 'to'),
    ]);
  };

  it('writes the next release and shows what changed', async () => {
    await add('from/all/a.ipk', 'a', '1.0-r0');
    await add('from/all/bigger.ipk', 'bigger', '1.0-r0');
    await add('from/all/c.ipk', 'c', '1.0-r0');
    const files = '{ /etc/bigger.conf: { append: x }, /new: { content: x } }';
    expect(
      await derive(`from: ipk\npackages: { bigger: { version: 1.1-r0, files: ${files} }, c: removed }\n`),
    ).toEqual({
      code: 0,
      out:
        'bigger  1.0-r0 -> 1.1-r0  /etc/bigger.conf changed; /new added\n' +
        'c       1.0-r0 -> -       removed\n' +
        `${folder}/to: 2 changed, 1 as before\n`,
      err: '',
    });
    expect((await readdir(join(folder, 'to', 'all'))).sort()).toEqual([
      'Packages',
      'Packages.gz',
      'a.ipk',
      'bigger_1.1-r0_all.ipk',
    ]);
  });

  it('says where the recipe is wrong', async () => {
    await add('from/curl.ipk', 'curl', '1.0-r0');
    const { code, out, err } = await derive('from: ipk\npackages:\n  crul: removed\n');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('r.yaml:3:3: packages: no package "crul" in the feed; did you mean "curl"?');
  });

  it('has a manual with a recipe in it', async () => {
    const { code, out } = await brownout(['feed', 'derive', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('$ brownout feed derive --recipe');
    const recipe = /A recipe:\n([^]*?)\n\nExample/.exec(out)?.[1]?.replace(/^ {2}/gm, '') ?? '';
    await add('from/curl.ipk', 'curl', '1.0-r0');
    expect((await derive(recipe)).err).toMatch(/no package "avahi-daemon"/);
  });
});

describe('feed serve', () => {
  it('serves until it is interrupted, and says where', async () => {
    await writeFile(join(folder, 'Packages'), 'Package: a\n');
    const before = new Set(process.listeners('SIGINT'));
    let body = '';
    const { code, out, err } = await brownout(['feed', 'serve', folder], (text) => {
      const url = /host {3}(\S+)\n/.exec(text)?.[1] ?? '';
      get(`${url}Packages`, { agent: false }, (response) => {
        response.setEncoding('utf8').on('data', (more: string) => (body += more));
        response.on('close', () => {
          for (const listener of process.listeners('SIGINT')) if (!before.has(listener)) listener('SIGINT');
        });
      });
    });
    const port = /127\.0\.0\.1:(\d+)/.exec(out)?.[1] ?? '';
    expect(code).toBe(0);
    expect(out).toBe(
      `serving ${folder}\n  host   http://127.0.0.1:${port}/\n  guest  http://10.0.2.2:${port}/\nCtrl-C ends it\n`,
    );
    expect(body).toBe('Package: a\n');
    expect(err).toContain('http: GET /Packages: 200\n');
  });

  it.each([
    [['none'], 'there is no such folder'],
    [['--port', '0', '.'], '--port: expected a whole number from 1 to 65535, found "0"'],
  ])('%s ends with 2', async (args, message) => {
    const given = args.map((arg, i) => (i === args.length - 1 ? join(folder, arg) : arg));
    const { code, err } = await brownout(['feed', 'serve', ...given]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
