import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveFeed } from '../../../src/derive/derive-feed.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { put, write } from '../../unit/derive/feeds.ts';
import { smallPackage } from '../../unit/package/small-package.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-dpkg-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** dpkg on a root folder of its own. The packages have no maintainer scripts, so nothing of them is run. */
function dpkg(...args: string[]) {
  const own = [`--root=${join(folder, 'root')}`, '--force-not-root', '--force-bad-path', '--log=/dev/null'];
  return spawnSync('fakeroot', ['dpkg', ...own, ...args], { encoding: 'utf8' });
}

describe('dpkg upgrades to a derived release', () => {
  needPrograms('dpkg', 'fakeroot');

  it('with a package that was renamed and one that was split, and keeps an edited conffile', async () => {
    const fields = { Maintainer: 'm', Description: 'd' };
    const bare = (name: string) => ({ ...smallPackage(name, '1.0-1', fields), scripts: {} });
    const from = join(folder, 'from');
    const olds = [];
    for (const name of ['split', 'named']) {
      const made = bare(name);
      const files = made.files.filter(({ type }) => type !== 'symlink');
      const program = { path: `/${name}`, type: 'file' as const, mode: 0o755, content: Buffer.from(name) };
      olds.push(await put(join(from, `${name}_1.0-1_all.deb`), { ...made, files: [...files, program] }));
    }
    const recipe = [
      'from: deb',
      'packages:',
      '  split: { version: 1.1-1, split: { split-conf: [/etc/**] } }',
      '  named: { version: 1.1-1, rename: newly-named }',
    ].join('\n');
    const to = join(folder, 'to');
    await deriveFeed({ recipe: await write(folder, 'r.yaml', recipe), from, to });

    const database = join(folder, 'root', 'var', 'lib', 'dpkg');
    for (const name of ['info', 'updates']) await mkdir(join(database, name), { recursive: true });
    await writeFile(join(database, 'status'), '');
    const first = dpkg('--install', ...olds);
    expect([first.status, first.stderr]).toEqual([0, '']);
    await appendFile(join(folder, 'root', 'etc', 'split.conf'), 'edited\n');
    const names = ['split-conf', 'split', 'newly-named'].map((name) => join(to, `${name}_1.1-1_all.deb`));
    // As apt does: a package that breaks an older one has that one deconfigured until its own upgrade.
    const second = dpkg('--install', '--auto-deconfigure', ...names);
    expect([second.status, second.stderr]).toEqual([0, expect.not.stringMatching(/error|warning/)]);
    expect(dpkg('--audit').stdout).toBe('');
    expect(await readFile(join(folder, 'root', 'etc', 'split.conf'), 'utf8')).toBe('release=1.0-1\nedited\n');
    expect(dpkg('--search', '/etc/split.conf').stdout).toBe('split-conf: /etc/split.conf\n');
    expect(dpkg('--search', '/named').stdout).toBe('newly-named: /named\n');
  }, 60_000);
});
