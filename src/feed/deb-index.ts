import { type Field, field, type Stanza } from '../package/control/stanza.ts';
import type { ControlPackage } from '../package/package-format.ts';
import { byText, type FeedIndex } from './feed-index.ts';
import type { IndexedPackage } from './indexed-package.ts';
import { packagesFile } from './packages-file.ts';

/** Known fields in their order (dpkg 1.21.22, Dpkg::Control::FieldsCore, `CTRL_INDEX_PKG`); others follow by name. */
const order = [
  'Package',
  'Package-Type',
  'Source',
  'Version',
  'Kernel-Version',
  'Built-For-Profiles',
  'Auto-Built-Package',
  'Architecture',
  'Subarchitecture',
  'Installer-Menu-Item',
  'Build-Essential',
  'Essential',
  'Protected',
  'Origin',
  'Bugs',
  'Maintainer',
  'Installed-Size',
  'Pre-Depends',
  'Depends',
  'Recommends',
  'Suggests',
  'Enhances',
  'Conflicts',
  'Breaks',
  'Replaces',
  'Provides',
  'Built-Using',
  'Static-Built-Using',
  'Filename',
  'Size',
  'MD5sum',
  'SHA1',
  'SHA256',
  'Section',
  'Priority',
  'Multi-Arch',
  'Homepage',
  'Description',
  'Tag',
  'Task',
];
const rank = new Map(order.map((name, index) => [name, index]));

/**
 * The index of debs, byte for byte as `dpkg-scanpackages --multiversion .` writes it in the feed's folder: all versions,
 * by name and then by version as text; fields without a value are left out. What is not UTF-8 becomes so here, and stays
 * as it is there.
 */
export function debIndex(packages: readonly IndexedPackage<ControlPackage>[]): FeedIndex {
  const sorted = [...packages].sort(
    (a, b) =>
      byText(a.about.name, b.about.name) ||
      byText(a.about.version, b.about.version) ||
      byText(a.path, b.path),
  );
  return packagesFile(sorted, debStanza);
}

function debStanza({ about, path, bytes, md5, sha1, sha256 }: IndexedPackage<ControlPackage>): Stanza {
  const file = [
    field('Filename', `./${path}`),
    field('Size', String(bytes)),
    field('MD5sum', md5),
    field('SHA1', sha1),
    field('SHA256', sha256),
  ];
  const own = new Set(file.map(({ name }) => name.toLowerCase()));
  const others = about.control
    .filter((one) => !own.has(one.name.toLowerCase()) && hasValue(one))
    .map(({ name, lines }) => ({ name: capitalized(name), lines }));
  return [...others, ...file].sort((a, b) => {
    const [left, right] = [rank.get(a.name), rank.get(b.name)];
    if (left === undefined && right === undefined) return byText(a.name, b.name);
    return (left ?? order.length) - (right ?? order.length);
  });
}

/** `field_capitalize` of the same file; its exceptions (`SHA256`) are no field that a package has. */
function capitalized(name: string): string {
  return name
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function hasValue({ lines: [first, ...more] }: Field): boolean {
  return first !== '' || more.some((line) => !/^[ \t]*\.$/.test(line));
}
