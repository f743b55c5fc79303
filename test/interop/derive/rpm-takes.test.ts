import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveFeed } from '../../../src/derive/derive-feed.ts';
import { writeRpm } from '../../../src/package/rpm/write-rpm.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { write } from '../../unit/derive/feeds.ts';
import { smallRpm } from '../../unit/package/rpm/small-rpm.ts';
import { stripRpm } from '../../unit/package/rpm/strip-rpm.ts';

let folder = '';
beforeEach(async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('rpm --root needs to be root');
  folder = await mkdtemp(join(tmpdir(), 'brownout-rpm-takes-'));
});
afterEach(async () => {
  if (folder !== '') await rm(folder, { recursive: true });
});

const inRoot = (path: string) => join(folder, 'root', path);

/** rpm on a root folder of its own; nothing of a package is run. */
function rpm(...args: string[]) {
  const own = ['--root', join(folder, 'root'), '--noscripts', '--notriggers', '--nodeps', '--noplugins'];
  return spawnSync('rpm', [...args.slice(0, 1), ...own, ...args.slice(1)], { encoding: 'utf8' });
}

function query(...args: string[]): string[] {
  const { stdout, stderr } = spawnSync('rpm', ['--root', join(folder, 'root'), ...args], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('rpm upgrades to a derived release', () => {
  needPrograms('rpm');

  it('with packages renamed, split and changed; plain %config gives way and noreplace stays', async () => {
    const from = join(folder, 'from');
    await mkdir(from);
    await mkdir(join(folder, 'root'));
    for (const name of ['named', 'split', 'same'])
      await writeRpm(join(from, `${name}-1.0-r0.noarch.rpm`), smallRpm(name, '1.0-r0'), {
        compression: 'zst',
      });
    const recipe = [
      'from: rpm',
      'packages:',
      '  named: { version: 1.0-r1, rename: newly-named }',
      '  split: { version: 1.0-r1, split: { split-conf: [/etc/**] } }',
      '  same:',
      '    version: 1.0-r1',
      '    files: { /etc/same.conf: { append: "new\\n" }, /etc/same.keep: { append: "new\\n" } }',
    ].join('\n');
    const to = join(folder, 'to');
    await deriveFeed({ recipe: await write(folder, 'r.yaml', recipe), from, to });

    const olds = ['named', 'split', 'same'].map((name) => join(from, `${name}-1.0-r0.noarch.rpm`));
    const first = rpm('--install', ...olds);
    expect([first.status, first.stderr]).toEqual([0, expect.not.stringMatching(/error|warning|conflict/)]);
    for (const path of [
      'etc/same.conf',
      'etc/same.keep',
      'etc/split.conf',
      'etc/split.keep',
      'etc/named.conf',
    ])
      await appendFile(inRoot(path), 'edited\n');

    const names = ['newly-named', 'split', 'split-conf', 'same'].map((name) =>
      join(to, `${name}-1.0-r1.noarch.rpm`),
    );
    const second = rpm('--upgrade', ...names);
    expect(second.status).toBe(0);
    expect(query('--query', '--all').sort()).toEqual([
      'newly-named-1.0-r1.noarch',
      'same-1.0-r1.noarch',
      'split-1.0-r1.noarch',
      'split-conf-1.0-r1.noarch',
    ]);
    const text = (path: string) => readFile(inRoot(path), 'utf8');
    expect(await text('etc/same.conf')).toBe('release=1.0-r0\nnew\n');
    expect(await text('etc/same.conf.rpmsave')).toBe('release=1.0-r0\nedited\n');
    expect(await text('etc/same.keep')).toBe('keep=1.0-r0\nedited\n');
    expect(await text('etc/same.keep.rpmnew')).toBe('keep=1.0-r0\nnew\n');
    // Whose default stays the same, stays as the user has it: also across a rename and a split.
    expect(await text('etc/named.conf')).toBe('release=1.0-r0\nedited\n');
    expect(await text('etc/split.conf')).toBe('release=1.0-r0\nedited\n');
    expect(query('--query', '--file', '/etc/split.conf')).toEqual(['split-conf-1.0-r1.noarch']);
  }, 60_000);

  it('of a package whose payload has the form for large files', async () => {
    const [from, old] = [join(folder, 'from'), join(folder, 'old.rpm')];
    await mkdir(from);
    await mkdir(join(folder, 'root'));
    await writeRpm(old, smallRpm('a', '1.0-r0'));
    await stripRpm(old, join(from, 'a-1.0-r0.noarch.rpm'));
    const recipe =
      'from: rpm\npackages: { a: { version: 1.0-r1, files: { /etc/a.conf: { content: x }, /opt/b: { content: y } } } }';
    await deriveFeed({ recipe: await write(folder, 'r.yaml', recipe), from, to: join(folder, 'to') });
    expect(rpm('--install', join(from, 'a-1.0-r0.noarch.rpm')).status).toBe(0);
    expect(rpm('--upgrade', join(folder, 'to', 'a-1.0-r1.noarch.rpm')).status).toBe(0);
    const paths = ['etc/a.conf', 'etc/a.keep', 'opt/b', 'usr/share/a/alias', 'usr/share/a/news'];
    const texts = await Promise.all(
      paths.map((path) => (path.endsWith('alias') ? readlink(inRoot(path)) : readFile(inRoot(path), 'utf8'))),
    );
    expect(texts).toEqual(['x', 'keep=1.0-r0\n', 'y', '../news', 'news\n']);
  }, 60_000);
});
