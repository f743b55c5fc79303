import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstalledPackage, SoftwareDiff } from '../../../src/model/software.ts';
import { compareVersions } from '../../../src/package/control/version.ts';
import { softwareText } from '../../../src/report/software-text.ts';
import { diffSoftware } from '../../../src/sbom/diff.ts';

function one(name: string, version: string, more: Partial<InstalledPackage> = {}): InstalledPackage {
  return { name, version, architecture: 'core2-64', state: 'installed', ...more };
}

function digest(value: string): Partial<InstalledPackage> {
  return { digest: { of: 'file', algorithm: 'SHA256', value } };
}

const diff = (before: InstalledPackage[], after: InstalledPackage[]) =>
  diffSoftware(before, after, compareVersions);

/** Without exact doubles, which count once. */
function unique(packages: InstalledPackage[]): InstalledPackage[] {
  return [...new Map(packages.map((each) => [JSON.stringify(each), each])).values()];
}

function brief({ changes, unchanged }: SoftwareDiff) {
  const rows = changes.map((change) => [
    change.kind,
    change.name,
    change.before?.version ?? '-',
    change.after?.version ?? '-',
    ...change.differs,
  ]);
  return [...rows, unchanged];
}

describe('what an upgrade changed', () => {
  it('by kind, with versions as the package system compares them', () => {
    const before = [
      one('a', '1.9-r0'),
      one('b', '2.0-r0'),
      one('c', '1.0-r0', digest('1')),
      one('d', '1.0-r0', { licence: 'MIT' }),
      one('e', '1'),
      one('gone', '1'),
      one('odd', '1.0-0'),
      one('same', '1', { ...digest('1'), licence: 'MIT' }),
    ];
    const after = [
      one('a', '1.10-r0'),
      one('b', '2.0~rc1-r0'),
      one('c', '1.0-r0', digest('2')),
      one('d', '1.0-r0', { licence: 'Apache-2.0' }),
      one('e', '1', { state: 'half-installed' }),
      one('new', '1', { state: 'unpacked' }),
      one('odd', '1.0'),
      one('same', '1', { ...digest('1'), licence: 'MIT' }),
    ];
    const found = diff(before, after);
    expect(brief(found)).toEqual([
      ['upgraded', 'a', '1.9-r0', '1.10-r0', 'version'],
      ['downgraded', 'b', '2.0-r0', '2.0~rc1-r0', 'version'],
      ['rebuilt', 'c', '1.0-r0', '1.0-r0', 'checksum'],
      ['rebuilt', 'odd', '1.0-0', '1.0', 'version'],
      ['altered', 'd', '1.0-r0', '1.0-r0', 'licence'],
      ['altered', 'e', '1', '1', 'state'],
      ['added', 'new', '-', '1'],
      ['removed', 'gone', '1', '-'],
      1,
    ]);
    expect(softwareText(found)).toBe(
      [
        'upgraded    a     1.9-r0 -> 1.10-r0',
        'downgraded  b     2.0-r0 -> 2.0~rc1-r0',
        'rebuilt     c     1.0-r0                other checksum',
        'rebuilt     odd   1.0-0 -> 1.0',
        'altered     d     1.0-r0                licence MIT -> Apache-2.0',
        'altered     e     1                     state installed -> half-installed',
        'added       new   1                     state unpacked',
        'removed     gone  1',
        '1 upgraded, 1 downgraded, 2 rebuilt, 2 altered, 1 added, 1 removed, 1 as before\n',
      ].join('\n'),
    );
  });

  it('is an upgrade where the architecture changed with the version', () => {
    const after = one('a', '2', { architecture: 'x86-64-v3' });
    expect(brief(diff([one('a', '1')], [after]))).toEqual([
      ['upgraded', 'a', '1', '2', 'version', 'architecture'],
      0,
    ]);
  });

  it('keeps apart what is installed for two architectures, or in two versions', () => {
    const before = [
      one('a', '1'),
      one('a', '1', { architecture: 'i586' }),
      one('kernel', '5'),
      one('kernel', '6'),
    ];
    const after = [
      one('a', '1'),
      one('a', '2', { architecture: 'i586' }),
      one('kernel', '6'),
      one('kernel', '7'),
    ];
    expect(brief(diff(before, after))).toEqual([
      ['upgraded', 'a', '1', '2', 'version'],
      ['upgraded', 'kernel', '5', '7', 'version'],
      2,
    ]);
    expect(brief(diff([one('kernel', '6')], after.slice(2)))).toEqual([['added', 'kernel', '-', '7'], 1]);
  });

  it('shows architectures apart, and takes an exact double for nothing new', () => {
    const both = (version: string) => [
      one('libc6', version),
      one('libc6', version, { architecture: 'i386' }),
    ];
    const found = diff([...both('1'), one('b', '1')], [...both('2'), one('b', '1'), one('b', '1')]);
    expect(softwareText(found)).toBe(
      'upgraded  libc6:core2-64  1 -> 2\nupgraded  libc6:i386      1 -> 2\n2 upgraded, 1 as before\n',
    );
  });

  it('does not call rebuilt what nobody installed again, whatever the next feed has', () => {
    const before = one('a', '1', { ...digest('1'), licence: 'MIT', installedAt: 17 });
    expect(brief(diff([before], [{ ...before, ...digest('2'), licence: 'PD' }]))).toEqual([1]);
    expect(brief(diff([before], [{ ...before, ...digest('2'), installedAt: 18 }]))[0]).toContain('rebuilt');
  });

  it('does not compare a checksum with one of another kind', () => {
    const header = { digest: { of: 'header', algorithm: 'SHA256', value: '2' } } as const;
    expect(brief(diff([one('a', '1', digest('1'))], [one('a', '1', header)]))).toEqual([1]);
  });

  it('shows what a device says on one line and without its escapes', () => {
    const text = softwareText(diff([], [one('a\u001b[31m\nb', '1')]));
    expect(text).toBe('added  a b  1\n1 added, 0 as before\n');
  });

  it('accounts for every package, and backwards is the other way round', () => {
    const packages = fc.array(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c'),
        version: fc.constantFrom('1', '1.0', '2', '1~'),
        architecture: fc.constantFrom('all', 'x'),
        state: fc.constant('installed'),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(packages.map(unique), packages.map(unique), (before, after) => {
        const forth = diff(before, after);
        const count = ({ changes }: SoftwareDiff, ...kinds: string[]) =>
          changes.filter(({ kind }) => kinds.includes(kind)).length;
        expect(before.length - count(forth, 'removed')).toBe(after.length - count(forth, 'added'));
        expect(forth.unchanged + forth.changes.length - count(forth, 'added')).toBe(before.length);
        const back = diff(after, before);
        expect(count(back, 'added')).toBe(count(forth, 'removed'));
        expect(diff(before, before)).toEqual({ changes: [], unchanged: before.length });
      }),
    );
  });
});
