import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine } from '../../../src/core/quote.ts';
import { addFacts, type PackageFacts, withFacts } from '../../../src/sbom/facts.ts';
import { faultText } from '../../../src/sbom/input-fault.ts';
import { installedQueries, readInstalled } from '../../../src/sbom/installed.ts';
import { needPrograms } from '../../support/host-programs.ts';

const opkgStatus = `Package: busybox
Version: 1.35.0-r0
Depends: libc6 (>= 2.35)
Status: install user installed
Architecture: cortexa53
Conffiles:
 /etc/default/x 0123456789abcdef0123456789abcdef
Installed-Time: 1700000000

Package: gone
Version: 1-r0
Status: deinstall ok not-installed
Architecture: all

Package: avahi-daemon
Version: 0.8-r0.1
Status: install ok half-installed
Architecture: cortexa53

`;

describe('the record of installed packages', () => {
  it('of opkg: what is there, wholly or in part', () => {
    expect(readInstalled('opkg', opkgStatus, 'status')).toEqual([
      { name: 'avahi-daemon', version: '0.8-r0.1', architecture: 'cortexa53', state: 'half-installed' },
      {
        name: 'busybox',
        version: '1.35.0-r0',
        architecture: 'cortexa53',
        state: 'installed',
        installedAt: 1700000000,
      },
    ]);
  });

  it('of dpkg: its source too, and not what left its configuration only', () => {
    const status = `Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9
Description: GNU C Library
 The C library.
 .
 # not a comment

Package: old
Status: deinstall ok config-files
Architecture: all
Version: 1
`;
    expect(readInstalled('dpkg', status, 'status')).toEqual([
      { name: 'libc6', version: '2.36-9', architecture: 'amd64', state: 'installed', source: 'glibc' },
    ]);
  });

  it('of rpm: with its epoch, without the keys that it trusts', () => {
    const digest = 'ab'.repeat(32);
    const lines = [
      ['kernel', '(none)', '6.1', 'r0', 'qemux86_64', 'GPL-2.0-only', 'kernel-6.1-r0.src.rpm', digest, '17'],
      ['netbase', '1', '6.3', 'r0', 'noarch', 'GPL-2.0-only', '(none)', '(none)', '17'],
      ['gpg-pubkey', '(none)', '1', '2', '(none)', 'pubkey', '(none)', '(none)', '17'],
    ];
    const text = lines.map((fields) => `${fields.join('\t')}\n`).join('');
    expect(readInstalled('rpm', text, 'rpm -qa')).toEqual([
      {
        name: 'kernel',
        version: '6.1-r0',
        architecture: 'qemux86_64',
        state: 'installed',
        licence: 'GPL-2.0-only',
        source: 'kernel-6.1-r0.src.rpm',
        digest: { of: 'header', algorithm: 'SHA256', value: digest },
        installedAt: 17,
      },
      {
        name: 'netbase',
        version: '1:6.3-r0',
        architecture: 'noarch',
        state: 'installed',
        licence: 'GPL-2.0-only',
        installedAt: 17,
      },
    ]);
  });

  it.each([
    ['an empty file', 'opkg', '', /^here: no package is installed/],
    [
      'no state',
      'opkg',
      'Package: a\nVersion: 1\nArchitecture: all\n',
      /line 1: .* without the field Status/,
    ],
    [
      'no version',
      'dpkg',
      '\n\nPackage: a\nStatus: install ok installed\nArchitecture: all\n',
      /line 3: a stanza without the field Version/,
    ],
    [
      'a state that nobody knows',
      'dpkg',
      'Package: a\nStatus: install ok exploded\n',
      /line 1: a is in the state "exploded"/,
    ],
    ['half a line', 'opkg', `${opkgStatus}\nPack`, /line 21: not a field: "Pack"/],
    ['too few fields', 'rpm', 'a\tb\n', /line 1: 2 fields, where 9 are expected/],
    ['a package without a version', 'rpm', `a${'\t(none)'.repeat(8)}\n`, /line 1: a package without version/],
    [
      'a name with a blank',
      'rpm',
      `a b\t(none)\t1\t1\tx86_64\tMIT${'\t(none)'.repeat(3)}\n`,
      /no name, version or architecture: "a b"/,
    ],
    [
      'a thousand namesakes',
      'rpm',
      `a\t(none)\t1\t1\tx86_64\tMIT${'\t(none)'.repeat(3)}\n`.repeat(1001),
      /more than 1000 packages are called a$/,
    ],
  ] as const)('is refused with %s', (_, system, text, message) => {
    const error = refusal(() => readInstalled(system, text, 'here'));
    expect(error).toMatchObject({ code: 'status-damaged', kind: 'scenario' });
    expect((error as Error).message).toMatch(message);
  });

  it('has a line of blanks in a field, which opkg takes and dpkg refuses', () => {
    const status =
      'Package: a\nVersion: 1\nArchitecture: all\nStatus: install ok installed\nDescription: x\n \n y\n';
    expect(readInstalled('opkg', status, 'status')).toHaveLength(1);
    expect(refusal(() => readInstalled('dpkg', status, 'status'))).toMatchObject({
      message: expect.stringContaining('status: line 6: a line of blanks within Description') as string,
    });
  });

  it('counts an exact double once, and says what it leaves out where somebody listens', () => {
    const faults: string[] = [];
    const double = `${opkgStatus}\n${opkgStatus}\nPackage: x\n`;
    expect(
      readInstalled('opkg', double, 'here', (fault, file) => faults.push(`${file}: ${faultText(fault)}`)),
    ).toEqual(readInstalled('opkg', opkgStatus, 'here'));
    expect(faults).toEqual([expect.stringMatching(/^here: line \d+: a stanza without the field Status$/)]);
  });

  it('is joined with what a feed says of exactly this package', () => {
    const book = new Map<string, PackageFacts>();
    const sum = 'cd'.repeat(32);
    addFacts(
      book,
      `Package: busybox\nVersion: 1.35.0-r0\nArchitecture: cortexa53\nLicense: GPL-2.0-only & bzip2-1.0.4\nOE: busybox\nMD5Sum: ${'1'.repeat(32)}\nSHA256sum: ${sum}\n\nPackage: avahi-daemon\nVersion: 0.8-r0\nArchitecture: cortexa53\nLicense: MIT\n`,
      () => undefined,
    );
    const [avahi, busybox] = withFacts(readInstalled('opkg', opkgStatus, 'status'), book);
    expect(avahi?.licence).toBeUndefined();
    expect(busybox).toMatchObject({
      licence: 'GPL-2.0-only & bzip2-1.0.4',
      source: 'busybox',
      digest: { of: 'file', algorithm: 'SHA256', value: sum },
      state: 'installed',
    });
  });
});

function refusal(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe("dpkg's own record on this host", () => {
  needPrograms('dpkg-query');

  it('is read as dpkg-query reads it', async () => {
    const format = '${binary:Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n';
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' });
    const theirs = stdout
      .split('\n')
      .filter((line) => line !== '' && !/\t(config-files|not-installed)$/.test(line))
      .map((line) => line.replace(/^([^\t:]*):[^\t]*/, '$1'));
    const [, path = ''] = installedQueries.dpkg;
    const ours = readInstalled('dpkg', await readFile(path, 'utf8'), path);
    const lines = ours.map((one) => [one.name, one.version, one.architecture, one.state].join('\t'));
    expect(lines.sort()).toEqual(theirs.sort());
  });
});

describe("rpm's record", () => {
  needPrograms('rpm', 'rpmbuild');
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-rpm-installed-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is what rpm prints for our format', async () => {
    const spec = [
      'Name: small',
      'Epoch: 2',
      'Version: 1.0~rc1',
      'Release: r3.1',
      'Summary: small',
      'License: GPL-2.0-only & MIT',
      'BuildArch: noarch',
      '%description',
      'small',
      '%files',
      '',
    ].join('\n');
    await writeFile(join(folder, 'small.spec'), spec);
    const rpmbuild = ['-bb', '--quiet', '--define', `_topdir ${folder}`, join(folder, 'small.spec')];
    expect(spawnSync('rpmbuild', rpmbuild, { encoding: 'utf8' }).status).toBe(0);
    const database = ['--dbpath', join(folder, 'db')];
    const file = join(folder, 'RPMS', 'noarch', 'small-1.0~rc1-r3.1.noarch.rpm');
    const install = ['-i', ...database, '--justdb', '--nodeps', '--noscripts', '--nosignature', file];
    expect(spawnSync('rpm', install, { encoding: 'utf8' })).toMatchObject({ status: 0 });
    const [program = '', ...args] = installedQueries.rpm;
    const { stdout } = spawnSync(program, [...database, ...args], { encoding: 'utf8' });
    const [one, ...more] = readInstalled('rpm', stdout, commandLine(installedQueries.rpm));
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      name: 'small',
      version: '2:1.0~rc1-r3.1',
      architecture: 'noarch',
      licence: 'GPL-2.0-only & MIT',
      source: 'small-1.0~rc1-r3.1.src.rpm',
      digest: { of: 'header', algorithm: 'SHA256' },
    });
  });
});
