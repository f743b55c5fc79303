import { Damage } from '../archive/damage.ts';
import {
  type HeaderEntry,
  numbersEntry,
  numbersOf,
  type RpmHeader,
  textEntry,
  textOf,
  textsEntry,
  textsOf,
} from './header.ts';
import { relationTags, tags } from './tags.ts';

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

function relationsOf(header: RpmHeader, kind: RelationKind): RpmRelation[] {
  const { names, flags, versions } = relationTags[kind];
  const [bits, texts] = [numbersOf(header, flags), textsOf(header, versions)];
  const found = textsOf(header, names);
  if (bits.length !== found.length || texts.length !== found.length)
    throw new Damage(`${kind}: ${found.length} names, ${bits.length} flags, ${texts.length} versions`);
  return found.map((name, i) => ({ name, flags: bits[i] ?? 0, version: texts[i] ?? '' }));
}

/** `[EPOCH:]VERSION-RELEASE` */
export function evrOf({ epoch, version, release }: RpmLabels): string {
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
  put(names, some ? textsEntry(relations.map(({ name }) => name)) : undefined);
  put(
    flags,
    some
      ? numbersEntry(
          'int32',
          relations.map((one) => one.flags),
        )
      : undefined,
  );
  put(versions, some ? textsEntry(relations.map(({ version }) => version)) : undefined);
  // Files refer to what they need and offer by its place in the list.
  const moved = old.some(({ name }, i) => relations[i]?.name !== name);
  if (moved && (kind === 'requires' || kind === 'provides'))
    for (const tag of [tags.dependencies, tags.fileDependsStarts, tags.fileDependsCounts])
      put(tag, undefined);
}
