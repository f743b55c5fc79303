import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import type { PackageContents, PackagedPath } from '../../../src/model/image.ts';
import {
  judgePaths,
  oddPaths,
  type PathShown,
  type PathsKnown,
  type PathsSeen,
  packagedPaths,
} from '../../../src/oracle/packaged-paths.ts';
import { checkPackages, tellingPackages } from '../../../src/oracle/packages.ts';

const file = (mode = 0o755, owner = '0:0'): PathShown => ({ kind: 'file', mode, owner });
const folder = (mode = 0o755, owner = '0:0'): PathShown => ({ kind: 'folder', mode, owner });
const link = (target: string, owner = '0:0'): PathShown => ({ kind: 'link', mode: 0o777, owner, target });

/** What a package says, as each format has it: tar with names and numbers, or numbers alone, and rpm with names alone. */
const saidBy = (owner: Record<'root' | 'mail', Pick<PackagedPath, 'owner' | 'ids'>>): PackagedPath[] => [
  { path: '/usr/bin/diff', kind: 'file', mode: 0o755, ...owner.root },
  { path: '/usr/bin/su', kind: 'file', mode: 0o4755, ...owner.root },
  { path: '/var/mail', kind: 'folder', mode: 0o2775, ...owner.mail },
  { path: '/usr/lib/libz.so.1', kind: 'link', mode: 0o777, ...owner.root, target: 'libz.so.1.3' },
  { path: '/etc/diff.conf', kind: 'file', mode: 0o644, ...owner.root },
  { path: '/run/tool', kind: 'folder', mode: 0o700, ...owner.root },
];
const formats = {
  'an ipk or a deb': saidBy({ root: { owner: 'root:root' }, mail: { owner: 'root:mail', ids: '0:12' } }),
  'a tar without names': saidBy({ root: { owner: '0:0' }, mail: { owner: '0:8' } }),
  'an rpm': saidBy({ root: { owner: 'root:root' }, mail: { owner: 'root:mail' } }),
};

const tool = (paths: PackagedPath[], version = '2'): PackageContents => ({
  name: 'tool',
  version,
  architecture: 'all',
  path: `tool-${version}`,
  files: [],
  conffiles: ['/etc/diff.conf'],
  paths,
});

const seen = (path: string, shown: PathShown | undefined, more: Partial<PathsSeen> = {}): PathsSeen => ({
  shown: new Map([[path, shown]]),
  users: new Map([['root', '0']]),
  groups: new Map([['mail', '8']]),
  diverted: new Set(),
  overrides: new Map(),
  ...more,
});

describe.each(Object.entries(formats))('of paths that %s ships', (_, paths) => {
  const judge = (
    path: string,
    shown: PathShown | undefined,
    { known = {}, ...more }: Partial<PathsSeen> & { known?: PathsKnown } = {},
  ) => judgePaths([tool(paths)], seen(path, shown, more), known);

  it.each([
    ['/usr/bin/diff', file()],
    ['/usr/bin/su', file(0o4755)],
    ['/var/mail', folder(0o2775, '0:8')],
    ['/usr/lib/libz.so.1', link('libz.so.1.3')],
    ['/usr/bin/of-another', file(0)],
    // The owner's, and made anew by each boot.
    ['/etc/diff.conf', file(0o600, '7:7')],
    ['/run/tool', undefined],
  ])('%s is as it should be', (path, shown) => {
    expect(judge(path, shown)).toEqual({ faults: [], notes: [] });
    expect(oddPaths([tool(paths)], [], seen(path, shown))).toEqual([]);
  });

  it.each<[string, string, PathShown | undefined, string]>([
    ['a set-user-ID bit that is lost', '/usr/bin/su', file(0o755), 'has mode 755, not 4755'],
    ['a mode that a script leaves', '/usr/bin/diff', file(0o600), 'has mode 600, not 755'],
    ['another owner', '/usr/bin/diff', file(0o755, '7:7'), 'belongs to 7:7, not to '],
    ['a folder of another group', '/var/mail', folder(0o2775), 'belongs to 0:0, not to '],
    ['a folder that is open to all', '/var/mail', folder(0o2777, '0:8'), 'has mode 2777, not 2775'],
    ['a link in place of a folder', '/var/mail', link('/data/mail'), 'is a link, not a folder'],
    ['a link in place of a file', '/usr/bin/diff', link('busybox'), 'is a link, not a file'],
    ['a file in place of a link', '/usr/lib/libz.so.1', file(), 'is a file, not a link'],
    [
      'a link that leads elsewhere',
      '/usr/lib/libz.so.1',
      link('libz.so.1.2'),
      'leads to libz.so.1.2, not to libz.so.1.3',
    ],
    ['a link of another owner', '/usr/lib/libz.so.1', link('libz.so.1.3', '7:7'), 'belongs to 7:7, not to '],
    ['a link that is gone', '/usr/lib/libz.so.1', undefined, 'is gone, a link'],
    ['a folder that is gone', '/var/mail', undefined, 'is gone, a folder'],
  ])('%s is a fault, and none where it was so from the start', (_, path, shown, what) => {
    const { faults, notes } = judge(path, shown);
    expect(faults).toEqual([expect.stringContaining(`${path} of tool ${what}`)]);
    expect(notes).toEqual([]);
    const odd = oddPaths([tool(paths)], [], seen(path, shown));
    expect(judge(path, shown, { known: { odd } })).toEqual({
      faults: [],
      notes: [`${faults[0] ?? ''} (as before the upgrade)`],
    });
  });

  it('what was odd in another way before is a fault', () => {
    const odd = oddPaths([tool(paths)], [], seen('/usr/bin/diff', file(0o700)));
    expect(odd).toEqual([{ path: '/usr/bin/diff', shown: 'file 700 0:0' }]);
    expect(judge('/usr/bin/diff', file(0o600), { known: { odd } }).faults).toHaveLength(1);
  });

  it('what is known to be changed is a note', () => {
    const known = { changed: ['/usr/bin/*'] };
    expect(judge('/usr/bin/su', file(0o755), { known })).toEqual({
      faults: [],
      notes: ['/usr/bin/su of tool has mode 755, not 4755 (known to be changed)'],
    });
    expect(judge('/var/mail', folder(0), { known }).faults).toHaveLength(1);
  });

  it('a statoverride is a note where it is what is there, and a fault where it is not', () => {
    const overrides = new Map([['/usr/bin/su', { mode: 0o4750, owner: 'root:mail' }]]);
    expect(judge('/usr/bin/su', file(0o4750, '0:8'), { overrides })).toEqual({
      faults: [],
      notes: [expect.stringContaining('(a statoverride)')],
    });
    // Added without --update: it comes with the next unpacking.
    expect(judge('/usr/bin/su', file(0o4755), { overrides })).toEqual({ faults: [], notes: [] });
    expect(judge('/usr/bin/su', file(0o750, '0:8'), { overrides }).faults).toHaveLength(1);
    expect(judge('/usr/bin/su', link('doas'), { overrides }).faults).toHaveLength(1);
  });

  it('a diversion is a note', () => {
    const diverted = new Set(['/usr/bin/diff']);
    expect(judge('/usr/bin/diff', undefined, { diverted })).toEqual({
      faults: [],
      notes: ['/usr/bin/diff of tool is gone, a file (diverted)'],
    });
  });
});

describe('paths of packages', () => {
  const [diff, , mail, , , run] = formats['an ipk or a deb'] as [PackagedPath, ...PackagedPath[]];

  it('may belong to the numbers that a package has for names that the device got later', () => {
    const packages = [tool(formats['an ipk or a deb'])];
    expect(judgePaths(packages, seen('/var/mail', folder(0o2775, '0:12')), {}).faults).toEqual([]);
    const without = seen('/var/mail', folder(0o2775, '0:0'), { groups: new Map() });
    expect(judgePaths([tool(formats['an rpm'])], without, {}).faults).toEqual([]);
  });

  it('are as one of the packages says that share them', () => {
    const other = { ...tool([{ ...diff, mode: 0o700 }]), name: 'other' };
    expect(judgePaths([tool([diff]), other], seen(diff.path, file(0o700)), {}).faults).toEqual([]);
    expect(judgePaths([tool([diff]), other], seen(diff.path, file(0o600)), {}).faults).toEqual([
      '/usr/bin/diff of tool, other has mode 600, not 755',
    ]);
  });

  it('that were there before a package brings them are not its doing', () => {
    const coming = [tool(formats['an ipk or a deb'])];
    const there = seen('/var/mail', link('/data/mail'));
    const odd = oddPaths([], coming, there);
    expect(odd).toEqual([{ path: '/var/mail', shown: 'link 0:0 to /data/mail' }]);
    expect(judgePaths(coming, there, { odd }).faults).toEqual([]);
    expect(oddPaths([], coming, seen('/var/mail', undefined))).toEqual([]);
    expect(oddPaths([], coming, seen('/var/mail', folder(0o2775, '0:8')))).toEqual([]);
  });

  it('may be folders as the release before had them, where the package manager changes none', () => {
    const before = tool([{ path: '/var/mail', kind: 'folder', mode: 0o755, owner: 'root:root' }], '1');
    const now = [tool(formats['an ipk or a deb'])];
    const shown = seen('/var/mail', folder());
    expect(judgePaths(now, shown, { folders: [before, ...now] })).toEqual({ faults: [], notes: [] });
    expect(judgePaths(now, shown, {}).faults).toHaveLength(1);
    const oldFile = tool([{ ...diff, mode: 0o700 }], '1');
    expect(judgePaths(now, seen(diff.path, file(0o700)), { folders: [oldFile] }).faults).toHaveLength(1);
  });

  it('are asked for but conffiles, what each boot makes anew, and names of two lines', () => {
    const odd = { ...diff, path: '/usr/bin/a\nb' };
    const conffile = { ...diff, path: '/etc/diff.conf' };
    expect(packagedPaths([tool([diff, mail as PackagedPath, run as PackagedPath, odd, conffile])])).toEqual([
      '/usr/bin/diff',
      '/var/mail',
    ]);
  });

  it('are asked for of packages that are not the same in all releases, while states are decided', () => {
    const library = { ...tool([], '5'), name: 'library' };
    const added = { ...tool([], '1'), name: 'added' };
    const releases = new Map([
      ['1', [tool([], '1'), library]],
      ['2', [tool([], '2'), library, added]],
    ]);
    expect(tellingPackages(releases).map(({ name, version }) => `${name} ${version}`)).toEqual([
      'tool 1',
      'tool 2',
      'added 1',
    ]);
  });

  it.each(['/var/lib/apt/lists/partial', '/var/cache/apt/archives/partial'])(
    '%s is as apt makes it at its first update, for its sandbox',
    (path) => {
      const packages = [tool([{ path, kind: 'folder', mode: 0o755, owner: 'root:root' }])];
      const changed = agentFor({ name: 'apt' }).packages?.changes ?? [];
      const sandbox = seen(path, folder(0o700, '42:0'));
      expect(judgePaths(packages, sandbox, { changed })).toEqual({
        faults: [],
        notes: [`${path} of tool has mode 700, not 755 (known to be changed)`],
      });
    },
  );

  it('fail a release, or are noted with it', () => {
    const releases = new Map([['2', [tool([diff])]]]);
    const installed = [{ name: 'tool', version: '2', architecture: 'all', state: 'installed' }];
    const device = { installed, digests: new Map(), paths: seen(diff.path, file(0o600)) };
    expect(checkPackages(device, releases, ['2'])).toEqual({
      verdict: 'failed',
      code: 'paths-changed',
      message: '1 paths are not as the packages of 2 have them: /usr/bin/diff of tool has mode 600, not 755',
    });
    const odd = [{ path: diff.path, shown: 'file 600 0:0' }];
    expect(checkPackages(device, releases, ['2'], { odd })).toEqual({
      verdict: 'passed',
      message: '2, 1 packages whole',
      note: '1 paths are not as packaged: /usr/bin/diff of tool has mode 600, not 755 (as before the upgrade)',
    });
    expect(checkPackages({ ...device, paths: undefined }, releases, ['2'])).toMatchObject({
      verdict: 'passed',
      note: expect.stringContaining('are not compared') as string,
    });
  });
});
