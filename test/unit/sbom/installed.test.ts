import { describe, expect, it } from 'vitest';
import { addFacts, type PackageFacts, withFacts } from '../../../src/sbom/facts.ts';
import { faultText } from '../../../src/sbom/input-fault.ts';
import { readInstalled } from '../../../src/sbom/installed.ts';

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
