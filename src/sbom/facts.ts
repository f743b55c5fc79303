import type { InstalledPackage, PackageDigest } from '../model/software.ts';
import { fieldValue, type Stanza } from '../package/control/stanza.ts';
import { readStanzas } from '../package/control/stanzas.ts';
import type { InputFault } from './input-fault.ts';

/** What somebody else than the device says of a package: a feed's index, or the control file within it. */
export type PackageFacts = Pick<InstalledPackage, 'licence' | 'source' | 'digest'>;

/** Facts by name, version and architecture. */
export type FactBook = ReadonlyMap<string, PackageFacts>;

/** Checksums of the package file, the strongest first: `SHA256sum` and `MD5Sum` in ipk feeds, `SHA256`, ... in deb ones. */
const checksums: readonly [field: string, algorithm: PackageDigest['algorithm'], digits: number][] = [
  ['SHA256sum', 'SHA256', 64],
  ['SHA256', 'SHA256', 64],
  ['SHA1', 'SHA1', 40],
  ['MD5Sum', 'MD5', 32],
];

/** What a stanza says besides name, version and architecture. */
export function factsOf(stanza: Stanza): PackageFacts {
  const licence = fieldValue(stanza, 'License');
  const source = fieldValue(stanza, 'Source') ?? fieldValue(stanza, 'OE');
  const digest = digestOf(stanza);
  return {
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function digestOf(stanza: Stanza): PackageDigest | undefined {
  for (const [field, algorithm, digits] of checksums) {
    const value = fieldValue(stanza, field)?.toLowerCase();
    if (value !== undefined && value.length === digits && /^[0-9a-f]+$/.test(value))
      return { of: 'file', algorithm, value };
  }
  return undefined;
}

/**
 * Puts what a file of stanzas says into a book; what is there already stays. A stanza that does not say which package it
 * is about is told to `complain`, and so is a line that is passed over; the others are read.
 */
export function addFacts(
  book: Map<string, PackageFacts>,
  text: string,
  complain: (fault: InputFault) => void,
): void {
  for (const { stanza, line, lost } of readStanzas(text)) {
    const name = fieldValue(stanza, 'Package');
    const version = fieldValue(stanza, 'Version');
    const architecture = fieldValue(stanza, 'Architecture');
    const missing = Object.entries({ Package: name, Version: version, Architecture: architecture }).find(
      ([, value]) => value === undefined,
    )?.[0];
    if (lost !== undefined) complain({ ...lost, isLeftOut: missing !== undefined });
    else if (missing !== undefined)
      complain({ line, what: `a stanza without the field ${missing}`, isLeftOut: true });
    if (name === undefined || version === undefined || architecture === undefined) continue;
    const key = keyOf({ name, version, architecture });
    book.set(key, { ...factsOf(stanza), ...book.get(key) });
  }
}

/**
 * Packages with what a book says of exactly this name, version and architecture; what the system says itself stays.
 * opkg and dpkg do not record which file they installed: the checksum is that of the file which the feed has for it.
 */
export function withFacts(packages: readonly InstalledPackage[], book: FactBook): InstalledPackage[] {
  return packages.map((one) => ({ ...book.get(keyOf(one)), ...one }));
}

/** None of the three has a blank in it. */
function keyOf({
  name,
  version,
  architecture,
}: Pick<InstalledPackage, 'name' | 'version' | 'architecture'>): string {
  return `${name} ${version} ${architecture}`;
}
