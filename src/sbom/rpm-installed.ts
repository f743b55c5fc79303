import type { InstalledPackage } from '../model/software.ts';
import { Damage } from '../package/archive/damage.ts';

const tags = [
  'NAME',
  'EPOCH',
  'VERSION',
  'RELEASE',
  'ARCH',
  'LICENSE',
  'SOURCERPM',
  'SHA256HEADER',
  'INSTALLTIME',
];

/**
 * What `rpm -qa --queryformat` is asked for: a line for each package, fields with tabs between (rpm's queryformat(7);
 * SHA256HEADER is there since rpm 4.14). rpm prints `(none)` for what a package does not have.
 */
export const rpmQueryFormat = `${tags.map((tag) => `%{${tag}}`).join('\\t')}\\n`;

/** The packages of an rpm database, as `rpmQueryFormat` prints them. Throws Damage. */
export function rpmInstalled(text: string): InstalledPackage[] {
  return text.split('\n').flatMap((line, index) => {
    if (line === '') return [];
    const fields = line.split('\t');
    if (fields.length !== tags.length)
      throw new Damage(`line ${index + 1}: ${fields.length} fields, where ${tags.length} are expected`);
    const [name, epoch, version, release, architecture, licence, source, digest, time] = fields.map(
      (field) => (field === '(none)' ? undefined : field),
    );
    // A public key that rpm trusts is kept among the packages.
    if (name === 'gpg-pubkey' && architecture === undefined) return [];
    const identity = { name, version, release, architecture };
    for (const [what, value] of Object.entries(identity))
      if (value === undefined || value === '')
        throw new Damage(`line ${index + 1}: a package without ${what}`);
    const installedAt = Number(time ?? Number.NaN);
    return [
      {
        name: name ?? '',
        version: `${epoch === undefined ? '' : `${epoch}:`}${version ?? ''}-${release ?? ''}`,
        architecture: architecture ?? '',
        state: 'installed',
        ...(licence === undefined ? {} : { licence }),
        ...(source === undefined ? {} : { source }),
        ...(digest !== undefined && /^[0-9a-f]{64}$/.test(digest)
          ? { digest: { of: 'header', algorithm: 'SHA256', value: digest } as const }
          : {}),
        ...(Number.isSafeInteger(installedAt) ? { installedAt } : {}),
      },
    ];
  });
}
