import type { RpmListedFile } from '../package/rpm/files.ts';
import type { RelationKind, RpmRelation, RpmRelations } from '../package/rpm/labels.ts';
import { sense } from '../package/rpm/tags.ts';
import { compareRpmVersions, parseEvr } from '../package/rpm/version.ts';
import { emptyElement } from './xml.ts';

const comparisons: Readonly<Record<number, string>> = {
  [sense.less]: 'LT',
  [sense.greater]: 'GT',
  [sense.equal]: 'EQ',
  [sense.less | sense.equal]: 'LE',
  [sense.greater | sense.equal]: 'GE',
};
const comparisonBits = sense.less | sense.greater | sense.equal;
const earlyBits = sense.prerequisite | sense.scriptPre | sense.scriptPost;

/** The lines of an element that holds all relations of one kind; none where there are none. */
export function relationElements(
  kind: RelationKind,
  relations: RpmRelations,
  files: readonly RpmListedFile[],
): string[] {
  const all = kind === 'requires' ? required(relations, files) : relations[kind];
  if (all.length === 0) return [];
  return [`<rpm:${kind}>`, ...all.map((one) => `  ${entry(kind, one)}`), `</rpm:${kind}>`];
}

function entry(kind: RelationKind, { name, flags, version }: RpmRelation): string {
  const comparison = comparisons[flags & comparisonBits];
  const { epoch = '0', version: ver, release } = parseEvr(version);
  return emptyElement('rpm:entry', {
    name,
    ...(comparison === undefined ? {} : { flags: comparison }),
    ...(comparison === undefined || version === '' ? {} : { epoch, ver, rel: release }),
    ...(kind === 'requires' && isEarly(flags) ? { pre: 1 } : {}),
  });
}

function isEarly(flags: number): boolean {
  return (flags & earlyBits) !== 0;
}

/**
 * What a package needs of others, as createrepo_c has it (0.17.3, src/parsehdr.c): nothing of rpm itself, nothing that
 * it brings (the same name, comparison and version), nothing twice in a row, and of the versions of libc.so.6 only the highest, last.
 */
function required({ requires, provides }: RpmRelations, files: readonly RpmListedFile[]): RpmRelation[] {
  const own = new Set(provides.map(identity));
  const ownFiles = new Set(files.flatMap(({ path }) => (isPrimary(path) ? [path] : [])));
  const last = new Map<string, string>();
  let libc: RpmRelation | undefined;
  const kept = requires.filter((one) => {
    const { name, flags, version } = one;
    if (name.startsWith('rpmlib(') || own.has(identity(one)) || ownFiles.has(name)) return false;
    if (name.startsWith('libc.so.6')) {
      if (libc === undefined || compareRpmVersions(versionWithin(libc.name), versionWithin(name)) < 0)
        libc = one;
      return false;
    }
    const key = `${flags & comparisonBits} ${isEarly(flags)} ${version}`;
    const isSame = last.get(name) === key;
    last.set(name, key);
    return !isSame;
  });
  return libc === undefined ? kept : [...kept, libc];
}

/** Two relations are the same where these are: `depnfv` of createrepo_c. */
function identity({ name, flags, version }: RpmRelation): string {
  return `${name}${comparisons[flags & comparisonBits] ?? ''}${version}`;
}

/** `2.34` of `libc.so.6(GLIBC_2.34)(64bit)`. */
function versionWithin(name: string): string {
  return /^[^(]*\([^0-9)]*([^)]*)\)/.exec(name)?.[1] ?? '';
}

/** The files that others may depend on without reading all lists (src/misc.c, `cr_is_primary`). */
export function isPrimary(path: string): boolean {
  return path.startsWith('/etc/') || path.includes('bin/') || path === '/usr/lib/sendmail';
}
