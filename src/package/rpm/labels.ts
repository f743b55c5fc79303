import { Damage } from '../archive/damage.ts';
import { textFrom } from '../text.ts';
import {
  elements,
  fromElements,
  type HeaderEntry,
  numbersEntry,
  numbersOf,
  type RpmHeader,
  textEntry,
  textOf,
  textsEntry,
  textsOf,
  valueTypes,
} from './header.ts';
import { relationTags, sense, tags } from './tags.ts';

/** A relation to another package: `libc.so.6()(64bit)`, `busybox = 1.35.0-r0`. */
export interface RpmRelation {
  name: string;
  /** Bits: see `sense`. */
  flags: number;
  /** `[EPOCH:]VERSION[-RELEASE]`, or empty. */
  version: string;
}

export type RelationKind = keyof typeof relationTags;
export const relationKinds = Object.keys(relationTags) as readonly RelationKind[];
export type RpmRelations = Readonly<Record<RelationKind, readonly RpmRelation[]>>;

/** Relations of every kind, from what makes those of one. */
export function relationsOfAll(make: (kind: RelationKind) => readonly RpmRelation[]): RpmRelations {
  return {
    provides: make('provides'),
    requires: make('requires'),
    conflicts: make('conflicts'),
    obsoletes: make('obsoletes'),
    recommends: make('recommends'),
    suggests: make('suggests'),
    supplements: make('supplements'),
    enhances: make('enhances'),
  };
}

/** Texts that say something to people. */
const labelTexts = {
  summary: tags.summary,
  description: tags.description,
  license: tags.license,
  url: tags.url,
  group: tags.group,
  vendor: tags.vendor,
  packager: tags.packager,
} as const;
export type LabelText = keyof typeof labelTexts;
export const labelTextNames = Object.keys(labelTexts) as readonly LabelText[];
const translated: readonly number[] = [tags.summary, tags.description, tags.group];

/** What an rpm says of itself and of other packages. */
export interface RpmLabels {
  name: string;
  epoch?: number;
  version: string;
  release: string;
  architecture: string;
  relations: RpmRelations;
  texts: Readonly<Partial<Record<LabelText, string>>>;
}

/** Reads the labels of a header. Throws Damage where one that must be is not there, or lists do not fit together. */
export function labelsOf(header: RpmHeader): RpmLabels {
  const need = (tag: number, what: string) => {
    const value = textOf(header, tag);
    if (value === undefined || value === '') throw new Damage(`there is no ${what}`);
    return value;
  };
  const [epoch] = numbersOf(header, tags.epoch);
  const texts = labelTextNames.flatMap((name) => {
    const value = textOf(header, labelTexts[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    name: need(tags.name, 'name'),
    ...(epoch === undefined ? {} : { epoch }),
    version: need(tags.version, 'version'),
    release: need(tags.release, 'release'),
    architecture: need(tags.architecture, 'architecture'),
    relations: relationsOfAll((kind) => relationsOf(header, kind)),
    texts: Object.fromEntries(texts),
  };
}

/** Labels that also say what rpm adds to those of rpm 3: that a package provides itself (lib/headerutil.c, `providePackageNVR`). */
export function withOwnProvide(labels: RpmLabels): RpmLabels {
  const own = { name: labels.name, flags: sense.equal, version: evrOf(labels) };
  const { provides } = labels.relations;
  const isThere = provides.some(({ name, version }) => name === own.name && version === own.version);
  if (isThere) return labels;
  return { ...labels, relations: { ...labels.relations, provides: [...provides, own] } };
}

function relationsOf(header: RpmHeader, kind: RelationKind): RpmRelation[] {
  const { names, flags, versions } = relationTags[kind];
  const found = textsOf(header, names);
  // rpm 3 gave what a package provides no versions.
  const bits = header.has(flags) ? numbersOf(header, flags) : found.map(() => 0);
  const texts = header.has(versions) ? textsOf(header, versions) : found.map(() => '');
  if (bits.length !== found.length || texts.length !== found.length)
    throw new Damage(`${kind}: ${found.length} names, ${bits.length} flags, ${texts.length} versions`);
  return found.map((name, i) => ({ name, flags: bits[i] ?? 0, version: texts[i] ?? '' }));
}

/** `[EPOCH:]VERSION-RELEASE` */
export function evrOf({ epoch, version, release }: Pick<RpmLabels, 'epoch' | 'version' | 'release'>): string {
  return `${epoch === undefined ? '' : `${epoch}:`}${version}-${release}`;
}

/** A header with other labels; what is the same stays bit by bit. */
export function withLabels(header: RpmHeader, labels: RpmLabels): Map<number, HeaderEntry> {
  const made = new Map(header);
  const put = (tag: number, entry: HeaderEntry | undefined) => {
    if (entry === undefined) made.delete(tag);
    else made.set(tag, entry);
  };
  for (const [tag, text] of [
    [tags.name, labels.name],
    [tags.version, labels.version],
    [tags.release, labels.release],
    [tags.architecture, labels.architecture],
  ] as const)
    put(tag, textEntry(text));
  put(tags.epoch, labels.epoch === undefined ? undefined : numbersEntry('int32', [labels.epoch]));
  for (const name of labelTextNames) {
    const [tag, text] = [labelTexts[name], labels.texts[name]];
    if (text === textOf(header, tag)) continue;
    const isTranslated = translated.includes(tag);
    const copies = Math.max(1, textsOf(header, tags.locales).length);
    if (text === undefined) put(tag, undefined);
    else put(tag, isTranslated ? textsEntry(Array<string>(copies).fill(text), 'i18n') : textEntry(text));
  }
  for (const kind of relationKinds) putRelations(made, kind, labels.relations[kind], put);
  return made;
}

/** Texts of which those that were there before stay as they were written, whatever their encoding. */
function textsLike(old: HeaderEntry | undefined, texts: readonly string[]): HeaderEntry {
  const known = new Map((old === undefined ? [] : elements(old)).map((bytes) => [textFrom(bytes), bytes]));
  return fromElements(
    valueTypes.strings,
    texts.map((text) => known.get(text) ?? Buffer.from(text)),
  );
}

function putRelations(
  header: RpmHeader,
  kind: RelationKind,
  relations: readonly RpmRelation[],
  put: (tag: number, entry: HeaderEntry | undefined) => void,
): void {
  const { names, flags, versions } = relationTags[kind];
  const old = relationsOf(header, kind);
  if (JSON.stringify(old) === JSON.stringify(relations)) return;
  const some = relations.length > 0;
  put(
    names,
    some
      ? textsLike(
          header.get(names),
          relations.map(({ name }) => name),
        )
      : undefined,
  );
  put(
    flags,
    some
      ? numbersEntry(
          'int32',
          relations.map((one) => one.flags),
        )
      : undefined,
  );
  put(
    versions,
    some
      ? textsLike(
          header.get(versions),
          relations.map(({ version }) => version),
        )
      : undefined,
  );
  // Files refer to what they need and offer by its place in the list.
  const moved = old.some(({ name }, i) => relations[i]?.name !== name);
  if (moved && (kind === 'requires' || kind === 'provides'))
    for (const tag of [tags.dependencies, tags.fileDependsStarts, tags.fileDependsCounts])
      put(tag, undefined);
}
