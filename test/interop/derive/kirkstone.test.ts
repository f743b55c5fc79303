import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveFeed } from '../../../src/derive/derive-feed.ts';
import { readSource } from '../../../src/derive/source.ts';
import { compareVersions } from '../../../src/package/control/version.ts';
import type { PackageFile } from '../../../src/package/package-format.ts';
import { listFiles } from '../../../src/package/packaged-files.ts';
import { testData } from '../../support/data.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { write } from '../../unit/derive/feeds.ts';

const recipe = `
from: ipk
revision: { all: ".1" }
packages:
  avahi-daemon:
    files:
      /etc/avahi/avahi-daemon.conf: { append: "# the next release's default\\n" }
`;
const conffile = '/etc/avahi/avahi-daemon.conf';
/** Of so many packages one is looked into, besides those that change. */
const sampled = 5;

describe('the next release of a real Yocto feed', () => {
  needPrograms('xz');
  const data = testData('yocto-kirkstone-aarch64');
  let folder = '';
  const to = () => join(folder, 'next');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-kirkstone-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('has every package in a newer version, and one conffile with another default', async () => {
    const file = await write(folder, 'recipe.yaml', recipe);
    const { changes, warnings } = await deriveFeed({ recipe: file, from: data, to: to() });
    expect(warnings).toEqual([]);
    expect(changes).toHaveLength(85);
    expect(changes.filter(({ what }) => what.length > 0).map(({ name, what }) => [name, what])).toEqual([
      ['avahi-daemon', [`${conffile} changed`]],
      ['systemd', ['relations moved']],
    ]);
    const [before, after] = [await readSource(data, 'ipk'), await readSource(to(), 'ipk')];
    expect({ deploy: after.deploy, feeds: after.feeds }).toEqual({ deploy: true, feeds: before.feeds });
    expect(after.packages).toHaveLength(85);
    const next = new Map(after.packages.map((one) => [`${one.feed} ${one.about.name}`, one]));
    const facts = (about: PackageFile) => ({
      scripts: about.scripts,
      conffiles: about.conffiles,
      fields: (about.format === 'rpm' ? [] : about.control)
        .filter(({ name }) => name !== 'Version')
        .map(({ name, lines }) => [
          name,
          lines.join('\n').replace('udev (= 1:250.5-r0)', 'udev (= 1:250.5-r0.1)'),
        ]),
    });
    for (const [i, one] of before.packages.entries()) {
      const other = next.get(`${one.feed} ${one.about.name}`);
      expect(other).toBeDefined();
      expect(compareVersions(other!.about.version, one.about.version)).toBeGreaterThan(0);
      const ending = `_${one.about.architecture}.ipk`;
      expect(other!.path).toBe(one.path.replace(ending, `.1${ending}`));
      expect(facts(other!.about)).toEqual(facts(one.about));
      // The contents of all packages take many seconds to hash.
      if (i % sampled !== 0 && one.about.name !== 'avahi-daemon') continue;
      const [old, made] = [
        await listFiles(one.file, { digests: true }),
        await listFiles(other!.file, { digests: true }),
      ];
      const isChanged = ({ path }: { path: string }) =>
        one.about.name === 'avahi-daemon' && path === conffile;
      expect(made.filter((entry) => !isChanged(entry))).toEqual(old.filter((entry) => !isChanged(entry)));
      const [was, is] = [old.find(isChanged), made.find(isChanged)];
      if (was === undefined) continue;
      expect(is).toMatchObject({ mode: was.mode, uid: was.uid, bytes: was.bytes + 29 });
      expect(is?.sha256).not.toBe(was.sha256);
    }
  }, 120_000);

  describe('as dpkg-deb sees it', () => {
    needPrograms('dpkg-deb');

    it('is sound, and differs in what was changed only', async () => {
      const run = (...args: string[]) => spawnSync('dpkg-deb', args, { maxBuffer: 1 << 28 });
      const listed = (path: string) => run('--contents', path).stdout.toString();
      const of = (root: string, version: string) =>
        join(root, 'cortexa53', `avahi-daemon_${version}_cortexa53.ipk`);
      const made = (await readdir(to(), { recursive: true })).filter((path) => path.endsWith('.ipk')).sort();
      for (const path of made.filter((one, i) => i % sampled === 0 || /avahi-daemon|systemd/.test(one))) {
        for (const what of ['--info', '--contents']) {
          const result = run(what, join(to(), path));
          expect([path, result.stderr.toString(), result.status]).toEqual([path, '', 0]);
        }
      }
      const [old, next] = [of(data, '0.8-r0'), of(to(), '0.8-r0.1')];
      expect(listed(next)).toBe(listed(old).replace(/1807(?= .*avahi-daemon\.conf)/, '1836'));
      for (const script of ['preinst', 'postinst', 'prerm', 'conffiles']) {
        expect(run('--info', next, script).stdout.equals(run('--info', old, script).stdout)).toBe(true);
        expect(run('--info', next, script).stdout.length).toBeGreaterThan(20);
      }
      const busybox = (root: string, version: string) =>
        run('--fsys-tarfile', join(root, 'cortexa53', `busybox_${version}_cortexa53.ipk`)).stdout;
      expect(busybox(to(), '1.35.0-r0.1').equals(busybox(data, '1.35.0-r0'))).toBe(true);
    }, 120_000);
  });
});
