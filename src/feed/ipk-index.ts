import { field, fieldValue, type Stanza } from '../package/control/stanza.ts';
import { compareVersions } from '../package/control/version.ts';
import type { ControlPackage } from '../package/package-format.ts';
import { byText, type FeedIndex } from './feed-index.ts';
import type { IndexedPackage } from './indexed-package.ts';
import { packagesFile } from './packages-file.ts';

/** Fields in the order of opkg-utils' `opkg.py` (`Package.print`), those of the file itself between them. */
const before = [
  'Package',
  'Version',
  'Depends',
  'Provides',
  'Replaces',
  'Conflicts',
  'Suggests',
  'Recommends',
  'Section',
  'Architecture',
  'Maintainer',
];
const after = ['Source', 'Description', 'OE', 'HomePage', 'License', 'Priority', 'Tags'];

/**
 * The index of ipks, field by field as `opkg-make-index --checksum md5 --checksum sha256` of opkg-utils writes it, which
 * is how OE calls it (oe-core, meta/lib/oe/package_manager/ipk). Other fields are left out, and of values only the
 * first line is kept: opkg-make-index loses continuation lines under Python 3, and real feeds are without them.
 * Of packages with one name and architecture the newest is kept, or the last by path. Versions are compared as opkg
 * does; opkg-make-index begins the revision at the first `-r`, which differs for a version such as `1.0-rc1-r0`.
 */
export function ipkIndex(packages: readonly IndexedPackage<ControlPackage>[]): FeedIndex {
  const kept = new Map<string, IndexedPackage<ControlPackage>>();
  const leftOut: FeedIndex['leftOut'] = [];
  for (const one of [...packages].sort((a, b) => byText(a.path, b.path))) {
    const key = `${one.about.name}:${one.about.architecture}`;
    const other = kept.get(key);
    if (other === undefined) {
      kept.set(key, one);
      continue;
    }
    const newer = compareVersions(one.about.version, other.about.version) >= 0;
    const [winner, loser] = newer ? [one, other] : [other, one];
    kept.set(key, winner);
    leftOut.push({ path: loser.path, instead: winner.path });
  }
  // opkg-make-index sorts by this key, so that `x-dev` comes before `x`.
  const sorted = [...kept].sort(([a], [b]) => byText(a, b));
  return packagesFile(
    sorted.map(([, one]) => one),
    ipkStanza,
    leftOut,
  );
}

function ipkStanza({ about, path, bytes, md5, sha256 }: IndexedPackage<ControlPackage>): Stanza {
  const taken = (names: readonly string[]) =>
    names.flatMap((name) => {
      const value = fieldValue(about.control, name);
      return value === undefined ? [] : [field(name, value)];
    });
  const file = [
    field('MD5Sum', md5),
    field('SHA256sum', sha256),
    field('Size', String(bytes)),
    field('Filename', path),
  ];
  return [...taken(before), ...file, ...taken(after)];
}
