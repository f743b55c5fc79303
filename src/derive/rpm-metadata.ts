import { didYouMean } from '../document/suggest.ts';
import type { ContentEdit } from '../package/package-edit.ts';
import {
  evrOf,
  type LabelText,
  labelTextNames,
  type RelationKind,
  type RpmLabels,
  type RpmRelation,
  type RpmRelations,
  relationKinds,
  relationsOfAll,
} from '../package/rpm/labels.ts';
import { rewriteRpm } from '../package/rpm/rewrite-rpm.ts';
import { sense } from '../package/rpm/tags.ts';
import { parseEvr } from '../package/rpm/version.ts';
import { writeRpm } from '../package/rpm/write-rpm.ts';
import type { Metadata, NewContent } from './metadata.ts';
import type { Moves } from './moves.ts';
import type { Complain, FieldChange, NewPackageRecipe } from './recipe.ts';
import { parseRelations } from './rpm-relations.ts';

const noRelations = relationsOfAll(() => []);
const comparison = sense.less | sense.greater | sense.equal;

/** The labels of a new rpm, still without the recipe's fields. */
export function newLabels(name: string, { version, architecture }: NewPackageRecipe): RpmMetadata {
  const texts = { summary: name, description: 'made by a recipe of brownout', license: 'unknown' };
  const labels = { name, ...versionOf(version), architecture, relations: noRelations, texts };
  return new RpmMetadata(labels, []);
}

function versionOf(text: string): Pick<RpmLabels, 'epoch' | 'version' | 'release'> {
  const { epoch, version, release = '' } = parseEvr(text);
  return { ...(epoch === undefined ? {} : { epoch: Number(epoch) }), version, release };
}

/** What an rpm's header says besides its files. */
export class RpmMetadata implements Metadata {
  private readonly labels: RpmLabels;
  private readonly paths: readonly string[];

  /** `paths`: of its files, which others may depend on. */
  constructor(labels: RpmLabels, paths: readonly string[]) {
    this.labels = labels;
    this.paths = paths;
  }

  moved(moves: Moves): { metadata: RpmMetadata; isMoved: boolean } {
    const own = new Set([this.labels.name, ...this.labels.relations.provides.map(({ name }) => name)]);
    let isMoved = false;
    const relations = mapRelations(this.labels.relations, (list) =>
      list.map((one) => {
        const move =
          (one.flags & comparison) === sense.equal ? moves.exact(one.name, one.version) : undefined;
        const name = move?.name ?? (one.version === '' ? undefined : moves.newName(one.name)) ?? one.name;
        const version = move?.version ?? one.version;
        if (name === one.name && version === one.version) return one;
        isMoved ||= !own.has(one.name);
        return { ...one, name, version };
      }),
    );
    return { metadata: this.with({ relations }), isMoved };
  }

  withVersion(version: string): RpmMetadata {
    const { name, architecture, relations, texts } = this.labels;
    return new RpmMetadata({ name, ...versionOf(version), architecture, relations, texts }, this.paths);
  }

  renamed(name: string): RpmMetadata {
    const old = this.labels.name;
    const exact = { flags: sense.equal, version: evrOf(this.labels) };
    const { provides, obsoletes } = this.labels.relations;
    // Such as `busybox(x86-64)`, which says for which machine it is.
    const forMachine = provides
      .filter((one) => one.name.startsWith(`${old}(`))
      .map((one) => one.name.slice(old.length));
    const offered = [name, old, ...forMachine.map((machine) => `${name}${machine}`)];
    return this.with({
      name,
      relations: {
        ...this.labels.relations,
        provides: withMore(
          provides,
          offered.map((offer) => ({ name: offer, ...exact })),
        ),
        obsoletes: withMore(obsoletes, [{ name: old, flags: sense.less, version: exact.version }]),
      },
    });
  }

  needing(name: string, version: string): RpmMetadata {
    const requires = [...this.labels.relations.requires, { name, flags: sense.equal, version }];
    return this.with({ relations: { ...this.labels.relations, requires } });
  }

  /**
   * It conflicts with the older package rather than obsoletes it, as Fedora's guidelines have it for a split ("Splitting
   * Packages"): obsoleting it would remove it where the part alone is installed.
   */
  part(name: string): RpmMetadata {
    const version = evrOf(this.labels);
    const relations = {
      ...noRelations,
      provides: [{ name, flags: sense.equal, version }],
      conflicts: [{ name: this.labels.name, flags: sense.less, version }],
    };
    return new RpmMetadata({ ...this.labels, name, relations }, []);
  }

  withFields(changes: Readonly<Record<string, FieldChange>>, complain: Complain): RpmMetadata {
    return Object.entries(changes).reduce<RpmMetadata>((made, [key, change]) => {
      const name = key.toLowerCase();
      const fail = (message: string) => complain(['fields'], key, message);
      const kind = relationKinds.find((one) => one === name);
      if (kind !== undefined) return made.withRelations(kind, change, fail);
      const text = labelTextNames.find((one) => one === name);
      if (text !== undefined) return made.withText(text, change);
      const known = [...labelTextNames, ...relationKinds];
      fail(
        `no field of an rpm that can be changed: ${key}${didYouMean(name, known) || `; expected one of ${known.join(', ')}`}`,
      );
      return made;
    }, this);
  }

  needs(): string[][] {
    return this.labels.relations.requires
      .filter(({ name }) => !name.startsWith('rpmlib(') && !name.startsWith('('))
      .map(({ name }) => [name]);
  }

  offers(): string[] {
    return [this.labels.name, ...this.labels.relations.provides.map(({ name }) => name), ...this.paths];
  }

  versionedOffers(): { name: string; version: string }[] {
    return this.labels.relations.provides.filter(({ flags }) => (flags & comparison) === sense.equal);
  }

  rewrite(from: string, to: string, edit: ContentEdit, signal?: AbortSignal): Promise<void> {
    const { data } = edit;
    const withoutFolders =
      data === undefined ? {} : { data: { ...data, added: (data.added ?? []).filter(isNoFolder) } };
    return rewriteRpm(from, to, { ...edit, ...withoutFolders, labels: this.labels }, signal);
  }

  write(to: string, { files, ...content }: NewContent): Promise<void> {
    return writeRpm(to, { ...content, files: files.filter(isNoFolder), labels: this.labels });
  }

  private withRelations(
    kind: RelationKind,
    change: FieldChange,
    fail: (message: string) => void,
  ): RpmMetadata {
    const old = this.labels.relations[kind];
    // What rpm must know, who runs the scriptlets, and that a package provides itself: no spec file says that either.
    const implied = old.filter((one) => isImplied(one, this.labels));
    const withList = (list: readonly RpmRelation[]) =>
      this.with({ relations: { ...this.labels.relations, [kind]: list } });
    if (change === 'removed') {
      if (implied.length === old.length) fail(`the package has no ${kind}`);
      return withList(implied);
    }
    const parsed = parseRelations(typeof change === 'string' ? change : change.append);
    if ('problem' in parsed) {
      fail(parsed.problem);
      return this;
    }
    return withList(withMore(typeof change === 'string' ? implied : old, parsed.relations));
  }

  private withText(name: LabelText, change: FieldChange): RpmMetadata {
    const { [name]: old = '', ...others } = this.labels.texts;
    if (change === 'removed') return this.with({ texts: others });
    const text = typeof change === 'string' ? change : `${old}${old === '' ? '' : ' '}${change.append}`;
    return this.with({ texts: { ...others, [name]: text } });
  }

  private with(changes: Partial<RpmLabels>): RpmMetadata {
    return new RpmMetadata({ ...this.labels, ...changes }, this.paths);
  }
}

/** rpm makes folders that nobody lists; one that is listed takes the mode of the list, also `/tmp`. */
function isNoFolder({ type }: { type: string }): boolean {
  return type !== 'directory';
}

function isImplied({ name, flags, version }: RpmRelation, labels: RpmLabels): boolean {
  if (name.startsWith('rpmlib(') || (flags & sense.interpreter) !== 0) return true;
  return name === labels.name && version === evrOf(labels);
}

function withMore(list: readonly RpmRelation[], more: readonly RpmRelation[]): RpmRelation[] {
  const same = (a: RpmRelation, b: RpmRelation) =>
    a.name === b.name && a.version === b.version && (a.flags & comparison) === (b.flags & comparison);
  return [...list, ...more.filter((one) => !list.some((other) => same(one, other)))];
}

function mapRelations(
  relations: RpmRelations,
  change: (list: readonly RpmRelation[]) => readonly RpmRelation[],
): RpmRelations {
  return relationsOfAll((kind) => change(relations[kind]));
}
