import { describe, expect, it } from 'vitest';
import type { InstalledPackage, PackageSystem } from '../../../src/model/software.ts';
import { purlOf } from '../../../src/sbom/purl.ts';

function purl(system: PackageSystem, name: string, version: string, architecture: string, vendor?: string) {
  const one: InstalledPackage = { name, version, architecture, state: 'installed' };
  return purlOf(system, one, vendor);
}

describe('a package URL', () => {
  // From the examples of the types' definitions.
  it.each([
    ['dpkg', 'dpkg', '1.19.0.4', 'amd64', 'ubuntu', 'pkg:deb/ubuntu/dpkg@1.19.0.4?arch=amd64'],
    ['dpkg', 'attr', '1:2.4.47-2+b1', 'amd64', 'Debian', 'pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64'],
    ['rpm', 'curl', '7.50.3-1.fc25', 'i386', 'fedora', 'pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386'],
    [
      'rpm',
      'centerim',
      '1:4.22.10-1.el6',
      'i686',
      undefined,
      'pkg:rpm/centerim@4.22.10-1.el6?arch=i686&epoch=1',
    ],
    ['rpm', 'libstdc++6', "1.0~a'-r0", 'x', undefined, 'pkg:rpm/libstdc%2B%2B6@1.0~a%27-r0?arch=x'],
  ] as const)('of %s: %s', (system, name, version, architecture, vendor, expected) => {
    expect(purl(system, name, version, architecture, vendor)).toBe(expected);
  });

  it('is not made up where the specification has none', () => {
    expect(purl('opkg', 'busybox', '1.35.0-r0', 'cortexa53', 'poky')).toBeUndefined();
    expect(purl('dpkg', 'busybox', '1.35.0-r0', 'arm64')).toBeUndefined();
  });
});
