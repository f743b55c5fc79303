import { describe, expect, it } from 'vitest';
import type { PackageContents } from '../../../src/model/image.ts';
import { checkPackages } from '../../../src/oracle/packages.ts';
import { readInstalled } from '../../../src/sbom/installed.ts';

/**
 * What rpm 4.20.1 did on a device while it ended with 0, as its own query of the database printed it: the oracle must
 * see each of them.
 */
const gateway = (version: string, sha256: string): PackageContents => ({
  name: 'gateway',
  version,
  architecture: 'noarch',
  path: `gateway-${version}.noarch.rpm`,
  files: [{ path: '/usr/lib/gateway/protocol', sha256 }],
  conffiles: [],
  paths: [],
});
const releases = new Map([
  ['1.0', [gateway('1.0-r0', 'old')]],
  ['1.1', [gateway('1.1-r0', 'new')]],
]);
const line = (version: string, digit: string) =>
  `gateway\t(none)\t${version}\tr0\tnoarch\tunknown\tgateway-${version}-r0.src.rpm\t${digit.repeat(64)}\t1795289697\n`;
const judged = (text: string, digest: string) =>
  checkPackages(
    {
      installed: readInstalled('rpm', text, 'the device'),
      digests: new Map([['/usr/lib/gateway/protocol', digest]]),
    },
    releases,
    ['1.1'],
  );

describe('what rpm does not tell', () => {
  it('both versions of a package are recorded', () => {
    expect(judged(line('1.0', '0') + line('1.1', '1'), 'new')).toMatchObject({
      code: 'release-mixed',
      message: expect.stringContaining('gateway 1.0-r0, not 1.1-r0') as string,
    });
  });

  it('the new version is recorded, and a file is empty: "rpm --freshen" ends with 0 and leaves it', () => {
    expect(judged(line('1.1', '1'), 'empty')).toMatchObject({ code: 'content-mixed' });
  });

  it('the upgrade passed over a package', () => {
    expect(judged(line('1.0', '0'), 'old')).toMatchObject({ code: 'release-unexpected' });
  });

  it('a database that is gone, damaged, or was rebuilt from nothing: "rpm --query --all" prints nothing and ends with 0', () => {
    expect(() => judged('', 'new')).toThrow('no package is installed');
  });
});
