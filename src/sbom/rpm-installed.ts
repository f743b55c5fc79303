import type { InstalledPackage } from '../model/software.ts';
import type { InputFault } from './input-fault.ts';

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

/**
 * The packages of an rpm database, as `rpmQueryFormat` prints them. A line that is wrong is told to `complain`; the others
 * are read.
 */
export function rpmInstalled(text: string, complain: (fault: InputFault) => void): InstalledPackage[] {
  return text.split('\n').flatMap((line, index) => {
    if (line === '') return [];
    const one = packageOf(line.split('\t'));
    if (typeof one === 'object') return [one];
    if (one !== undefined) complain({ line: index + 1, what: one, isLeftOut: true });
    return [];
  });
}

/** The package of a line, undefined for a key; or what is wrong with the line. */
function packageOf(fields: readonly string[]): InstalledPackage | string | undefined {
  if (fields.length !== tags.length) return `${fields.length} fields, where ${tags.length} are expected`;
  const [name, epoch, version, release, architecture, licence, source, digest, time] = fields.map((field) =>
    field === '(none)' ? undefined : field,
  );
  // A public key that rpm trusts is kept among the packages.
  if (name === 'gpg-pubkey' && architecture === undefined) return undefined;
  for (const [what, value] of Object.entries({ name, version, release, architecture }))
    if (value === undefined || value === '') return `a package without ${what}`;
  const installedAt = Number(time ?? Number.NaN);
  return {
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
  };
}
