import { describe, expect, it } from 'vitest';
import type { PackageContents } from '../../../src/model/image.ts';
import type { InstalledPackage } from '../../../src/model/software.ts';
import { checkGone, checkPackages, packagesRelease, tellingFiles } from '../../../src/oracle/packages.ts';

const feedHas = (name: string, version: string, files: Record<string, string>): PackageContents => ({
  name,
  version,
  architecture: 'all',
  path: `${name}_${version}_all.ipk`,
  files: Object.entries(files).map(([path, sha256]) => ({ path, sha256 })),
  conffiles: ['/etc/tool.conf'],
  paths: [],
});
const library = feedHas('library', '5', { '/lib/library': 'library 5' });
const releases = new Map([
  ['1', [feedHas('tool', '1', { '/bin/tool': 'tool 1', '/etc/tool.conf': 'default 1' }), library]],
  ['2', [feedHas('tool', '2', { '/bin/tool': 'tool 2', '/etc/tool.conf': 'default 2' }), library]],
]);
const installed = (tool: string, state = 'installed'): InstalledPackage[] => [
  { name: 'tool', version: tool, architecture: 'all', state },
  { name: 'library', version: '5', architecture: 'all', state: 'installed' },
];
const seen = (tool: string, digest: string | undefined, state?: string) => ({
  installed: installed(tool, state),
  digests: new Map([
    ['/bin/tool', digest],
    ['/etc/tool.conf', 'what the owner wrote'],
  ]),
});

describe('checkPackages', () => {
  it('passes a device with the packages and the files of an allowed release', () => {
    expect(checkPackages(seen('2', 'tool 2'), releases, ['1', '2'])).toMatchObject({
      verdict: 'passed',
      message: '2, 2 packages whole',
    });
  });

  it.each([
    ['another release', seen('1', 'tool 1'), 'release-unexpected', 'the packages of 1; expected 2'],
    [
      'a package in part',
      seen('2', 'tool 2', 'half-installed'),
      'packages-partly',
      'tool 2 (half-installed)',
    ],
    ['a version of no release', seen('3', 'tool 3'), 'release-mixed', 'tool 3, not 2'],
    [
      'a file of the release before',
      seen('2', 'tool 1'),
      'content-mixed',
      '/bin/tool of tool has other content',
    ],
    ['a file that is gone', seen('2', undefined), 'content-mixed', '/bin/tool of tool is gone'],
  ])('fails %s', (_, found, code, message) => {
    const result = checkPackages(found, releases, ['2']);
    expect(result).toMatchObject({ verdict: 'failed', code });
    expect(result.message).toContain(message);
  });

  it('wants a release that is said to be broken to have exactly these packages in part', () => {
    const broken = { '2': ['tool'] };
    const check = (state: string, allowed = ['2']) =>
      checkPackages(seen('2', 'tool 2', state), releases, allowed, { broken });
    expect(check('unpacked')).toMatchObject({
      verdict: 'passed',
      message: '2, 1 packages whole, in part as expected: tool',
    });
    expect(check('installed')).toMatchObject({
      code: 'packages-whole',
      message: 'tool 2: configured, although 2 is said to be broken',
    });
    const another = { broken: { '2': ['library'] } };
    expect(checkPackages(seen('1', 'tool 1', 'unpacked'), releases, ['1'], { broken }).code).toBe(
      'packages-partly',
    );
    expect(checkPackages(seen('2', 'tool 2', 'unpacked'), releases, ['2'], another).code).toBe(
      'packages-partly',
    );
  });

  it('fails a record that has forgotten a package which must be there', () => {
    const forgetful = { installed: installed('2').slice(1), digests: new Map<string, string>() };
    expect(checkPackages(forgetful, releases, ['2'])).toMatchObject({ verdict: 'passed' });
    expect(checkPackages(forgetful, releases, ['2'], { present: ['tool', 'not-in-the-feed'] })).toEqual({
      verdict: 'failed',
      code: 'package-missing',
      message: 'not installed, though 2 has it: tool',
    });
    expect(checkPackages(seen('2', 'tool 2'), releases, ['2'], { present: ['tool'] })).toMatchObject({
      verdict: 'passed',
    });
  });

  it('lets stay what the feed does not have any more, but not where that is all there is', () => {
    const more = [...installed('2'), { name: 'gone', version: '1', architecture: 'all', state: 'installed' }];
    const digests = new Map<string, string>();
    expect(packagesRelease({ installed: more, digests }, releases)).toBe('2');
    expect(packagesRelease({ installed: more.slice(2), digests }, releases)).toBeUndefined();
  });
});

describe('releases with the same versions and other content', () => {
  const twins = new Map([
    ['1', [feedHas('tool', '1', { '/bin/tool': 'tool 1' }), library]],
    ['2', [feedHas('tool', '1', { '/bin/tool': 'tool 2' }), library]],
  ]);

  it('are told apart by the files', () => {
    expect(packagesRelease(seen('1', 'tool 1'), twins)).toBe('1');
    expect(packagesRelease(seen('1', 'tool 2'), twins, ['1'])).toBe('2');
    expect(checkPackages(seen('1', 'tool 1'), twins, ['1'])).toMatchObject({ verdict: 'passed' });
  });

  it('fail a device that has the versions of the one and the files of the other', () => {
    expect(checkPackages(seen('1', 'tool 1'), twins, ['2'])).toEqual({
      verdict: 'failed',
      code: 'same-version-other-content',
      message: 'the device has the versions of 2 with the files of 1: /bin/tool of tool has other content',
    });
  });

  it('that have the same files besides: the device may be on either, and is on the one that it may be on', () => {
    const same = new Map([...twins].map(([release]) => [release, twins.get('1') ?? []]));
    expect(packagesRelease(seen('1', 'tool 1'), same)).toBe('2');
    expect(packagesRelease(seen('1', 'tool 1'), same, ['1'])).toBe('1');
  });

  it('have their files compared while crash states are decided', () => {
    expect(tellingFiles(twins)).toEqual(['/bin/tool']);
  });
});

describe('checkGone', () => {
  const contents = releases.get('2') ?? [];
  const shares = feedHas('twin', '1', { '/bin/tool': 'tool 2' });
  const left = (packages: InstalledPackage[], digest: string | undefined) =>
    checkGone(
      { installed: packages, digests: new Map([['/bin/tool', digest]]) },
      [...contents, shares],
      ['tool'],
    );

  it('passes where neither the package nor its files are left; conffiles may stay', () => {
    expect(left(installed('2').slice(1), undefined)).toMatchObject({ verdict: 'passed' });
  });

  it('fails where the record still has it, whole or in part', () => {
    expect(left(installed('2', 'half-installed'), undefined)).toMatchObject({
      code: 'package-left',
      message: 'still there: tool 2 (half-installed)',
    });
  });

  it('fails where a file is left that no installed package has', () => {
    expect(left(installed('2').slice(1), 'tool 2')).toMatchObject({
      code: 'files-left',
      message: '1 files are left: /bin/tool',
    });
    const twin = { name: 'twin', version: '1', architecture: 'all', state: 'installed' };
    expect(left([twin], 'tool 2')).toMatchObject({ verdict: 'passed' });
  });
});

describe('tellingFiles', () => {
  it('names the files of packages that differ between releases, but no conffiles', () => {
    expect(tellingFiles(releases)).toEqual(['/bin/tool']);
  });
});
