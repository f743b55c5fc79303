import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, showFiles } from '../../../src/device/file-answers.ts';
import type { FileFate } from '../../../src/model/configuration.ts';
import { fileFate } from '../../../src/oracle/fate.ts';
import type { FileState } from '../../../src/oracle/observation.ts';
import type { Shipping } from '../../../src/oracle/shipped.ts';
import { writePackage } from '../../../src/package/control/write-package.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { shipped } from '../../unit/oracle/files.ts';
import { smallPackage } from '../../unit/package/small-package.ts';

const port = 'port=8080\n';
const next = 'port=8080\ntls=on\n';
const edit = 'port=8443\n';

/** What version 1 and 2 ship; what the owner makes of it: text, nothing done, or `delete`. */
interface Row {
  ships: [Shipping, Shipping];
  owner?: string;
  deletes?: boolean;
}
const changed: Row['ships'] = [shipped(port), shipped(next)];
const rows = {
  'edited, default unchanged': { ships: [shipped(port), shipped(port)], owner: edit },
  'edited, default changed': { ships: changed, owner: edit },
  'unedited, default changed': { ships: changed },
  'deleted, default changed': { ships: changed, deletes: true },
  'edited, no longer listed, still shipped': {
    ships: [shipped(port), shipped(next, { conffile: false })],
    owner: edit,
  },
  'edited, dropped from the package': { ships: [shipped(port), 'nothing'], owner: edit },
  'made, new in the packages': { ships: ['nothing', shipped(next)], owner: edit },
} satisfies Record<string, Row>;

/** A file of a package. */
interface Packaged {
  path: string;
  content: Buffer;
  conffile: boolean;
}

/** Installs a version of a package with these files; all paths are below the folder. */
type Install = (folder: string, version: string, files: readonly Packaged[]) => Promise<void>;

function run(folder: string, program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  expect([error, status, status === 0 ? '' : stderr]).toEqual([undefined, 0, '']);
}

const dpkg: Install = async (folder, version, files) => {
  const database = join(folder, 'var', 'lib', 'dpkg');
  for (const name of ['info', 'updates']) await mkdir(join(database, name), { recursive: true });
  await writeFile(join(database, 'status'), '', { flag: 'a' });
  const { control } = smallPackage('app', version, { Maintainer: 'm', Description: 'd' });
  const deb = join(folder, `${version}.deb`);
  const inRoot = files.map(({ path, ...file }) => ({ ...file, path: path.slice(folder.length) }));
  const made = {
    control,
    conffiles: inRoot.filter(({ conffile }) => conffile).map(({ path }) => path),
    files: [
      { path: '/etc', type: 'directory' as const, mode: 0o755 },
      ...inRoot.map(({ path, content }) => ({ path, type: 'file' as const, mode: 0o644, content })),
    ],
  };
  await writeFile(deb, await writePackage(made));
  const own = [`--root=${folder}`, '--force-not-root', '--force-bad-path', '--log=/dev/null'];
  run(folder, 'fakeroot', 'dpkg', ...own, '--force-confold', '--install', deb);
};

/** rpm takes the paths as they are, below the test's folder, so that it needs no root of its own. */
const rpm =
  (config: string): Install =>
  async (folder, version, files) => {
    const built = join(folder, 'built', version);
    for (const { path, content } of files) {
      await mkdir(dirname(join(built, path)), { recursive: true });
      await writeFile(join(built, path), content);
    }
    const spec = `Name: app
Version: ${version}
Release: 1
Summary: s
License: MIT
BuildArch: noarch
%description
d
%install
cp -r ${built}/. %{buildroot}
%files
${files.map(({ path, conffile }) => `${conffile ? config : ''} ${path}`).join('\n')}
`;
    await writeFile(join(folder, 'app.spec'), spec);
    const defines = [`_topdir ${folder}/top`, `_rpmdir ${folder}`, '_build_id_links none'];
    run(folder, 'rpmbuild', '-bb', '--quiet', ...defines.flatMap((one) => ['--define', one]), 'app.spec');
    const file = join(folder, 'noarch', `app-${version}-1.noarch.rpm`);
    run(folder, 'rpm', '--dbpath', join(folder, 'db'), '-U', file);
  };

/** As the guest shows them. */
function look(names: readonly string[]): FileState[] {
  const paths = names.map((path) => ({ path, links: 'kept' as const, attributes: false }));
  const { stdout } = spawnSync('sh', ['-c', showFiles(paths, 1000)], { encoding: 'utf8' });
  return filesIn(stdout.split('\n'), paths);
}

function packaged(path: string, shipping: Shipping): Packaged[] {
  if (typeof shipping !== 'object' || shipping.content === undefined) return [];
  return [{ path, content: shipping.content, conffile: shipping.conffile }];
}

/** Takes all rows through one upgrade, each with a file of its own. */
async function upgradeAll(install: Install, folder: string): Promise<FileFate[]> {
  await mkdir(join(folder, 'etc'));
  const files = Object.values<Row>(rows).map((row, i) => ({
    ...row,
    path: join(folder, 'etc', `${i}.conf`),
  }));
  const paths = files.map(({ path }) => path);
  await install(
    folder,
    '1.0',
    files.flatMap(({ path, ships }) => packaged(path, ships[0])),
  );
  for (const { path, owner, deletes } of files) {
    if (owner !== undefined) await writeFile(path, owner);
    if (deletes === true) await rm(path);
  }
  const before = look(paths);
  await install(
    folder,
    '2.0',
    files.flatMap(({ path, ships }) => packaged(path, ships[1])),
  );
  const after = look(paths);
  return files.map(({ ships }, i) =>
    fileFate({
      before: { ...before[i]!, links: 'kept', found: undefined },
      after: after[i]!,
      shippedBefore: ships[0],
      shippedNow: ships[1],
    }),
  );
}

/** Of each row: its fate, and the copies with what they hold. */
type Expected = Record<keyof typeof rows, [fate: string, copies?: Record<string, string>]>;

function follows(install: Install, expected: Expected): void {
  it('all rows of the table', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brownout-managers-'));
    try {
      const fates = await upgradeAll(install, folder);
      const seen = fates.map(({ case: row, fate, copies }) => {
        const beside = copies.map(({ path, holds }) => [path.split(/\d\.conf/)[1], holds]);
        return [row, copies.length === 0 ? [fate] : [fate, Object.fromEntries(beside)]];
      });
      expect(Object.fromEntries(seen)).toEqual(expected);
      expect(fates.flatMap(({ copies }) => copies).some(({ spurious }) => spurious)).toBe(false);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);
}

describe('what dpkg does to a conffile, with --force-confold', () => {
  needPrograms('dpkg', 'fakeroot');
  follows(dpkg, {
    'edited, default unchanged': ['preserved'],
    'edited, default changed': ['preserved', { '.dpkg-dist': 'the new default' }],
    'unedited, default changed': ['default'],
    'deleted, default changed': ['preserved', { '.dpkg-dist': 'the new default' }],
    'edited, no longer listed, still shipped': ['lost'],
    'edited, dropped from the package': ['preserved'],
    'made, new in the packages': ['preserved', { '.dpkg-dist': 'the new default' }],
  });
});

describe('what rpm does to a %config', () => {
  needPrograms('rpm', 'rpmbuild');
  follows(rpm('%config'), {
    'edited, default unchanged': ['preserved'],
    'edited, default changed': ['replaced with copy', { '.rpmsave': 'what the owner had' }],
    'unedited, default changed': ['default'],
    'deleted, default changed': ['recreated'],
    'edited, no longer listed, still shipped': ['replaced with copy', { '.rpmsave': 'what the owner had' }],
    'edited, dropped from the package': ['replaced with copy', { '.rpmsave': 'what the owner had' }],
    'made, new in the packages': ['replaced with copy', { '.rpmorig': 'what the owner had' }],
  });
});

describe('what rpm does to a %config(noreplace)', () => {
  needPrograms('rpm', 'rpmbuild');
  follows(rpm('%config(noreplace)'), {
    'edited, default unchanged': ['preserved'],
    'edited, default changed': ['preserved', { '.rpmnew': 'the new default' }],
    'unedited, default changed': ['default'],
    'deleted, default changed': ['recreated'],
    'edited, no longer listed, still shipped': ['replaced with copy', { '.rpmsave': 'what the owner had' }],
    'edited, dropped from the package': ['replaced with copy', { '.rpmsave': 'what the owner had' }],
    'made, new in the packages': ['preserved', { '.rpmnew': 'the new default' }],
  });
});
