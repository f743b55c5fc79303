import { writeFile } from 'node:fs/promises';
import { didYouMean } from '../document/suggest.ts';
import { rewritePackage } from '../package/control/rewrite-package.ts';
import { field, fieldValue, type Stanza } from '../package/control/stanza.ts';
import { writePackage } from '../package/control/write-package.ts';
import type { ContentEdit } from '../package/package-edit.ts';
import type { ControlPackage } from '../package/package-format.ts';
import type { Metadata, NewContent } from './metadata.ts';
import type { Moves } from './moves.ts';
import type { Complain, FieldChange, NewPackageRecipe } from './recipe.ts';
import { moveRelations, needs, offers, versionedProvides, withAppended, withField } from './relations.ts';
import { splitControl } from './split.ts';

/** Fields that dpkg asks for, where the recipe has none. */
const defaults = {
  Description: 'made by a recipe of brownout',
  Section: 'misc',
  Priority: 'optional',
  Maintainer: 'brownout <brownout@example.com>',
};

/** The control file of a new ipk or deb, still without the recipe's fields. */
export function newControl(
  format: ControlPackage['format'],
  name: string,
  { version, architecture }: NewPackageRecipe,
): ControlMetadata {
  const own = { Package: name, Version: version, Architecture: architecture, ...defaults };
  return new ControlMetadata(
    format,
    Object.entries(own).map(([key, value]) => field(key, value)),
  );
}

/** The control file of an ipk or a deb. */
export class ControlMetadata implements Metadata {
  private readonly format: ControlPackage['format'];
  private readonly stanza: Stanza;

  constructor(format: ControlPackage['format'], stanza: Stanza) {
    this.format = format;
    this.stanza = stanza;
  }

  moved(moves: Moves): { metadata: ControlMetadata; isMoved: boolean } {
    const moved = moveRelations(this.stanza, moves);
    const isSame = this.stanza.every(({ lines }, i) => lines.join('\n') === moved[i]?.lines.join('\n'));
    return { metadata: isSame ? this : this.with(moved), isMoved: !isSame };
  }

  withVersion(version: string): ControlMetadata {
    return this.with(withField(this.stanza, 'Version', version));
  }

  renamed(name: string): ControlMetadata {
    const old = this.name();
    const withNew = withField(this.stanza, 'Package', name);
    return this.with(
      ['Provides', 'Replaces', 'Conflicts'].reduce((made, relation) => {
        const there = (fieldValue(made, relation) ?? '').split(',').map((one) => one.trim());
        return there.includes(old) ? made : withAppended(made, relation, old);
      }, withNew),
    );
  }

  needing(name: string, version: string): ControlMetadata {
    return this.with(withAppended(this.stanza, 'Depends', `${name} (= ${version})`));
  }

  part(name: string): ControlMetadata {
    return this.with(splitControl(this.stanza, name, this.format));
  }

  withFields(changes: Readonly<Record<string, FieldChange>>, complain: Complain): ControlMetadata {
    const made = Object.entries(changes).reduce((stanza, [name, value]) => {
      if (typeof value !== 'string') return withAppended(stanza, name, value.append);
      if (value !== 'removed') return withField(stanza, name, value);
      if (!this.stanza.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
        const known = this.stanza.map((one) => one.name);
        complain(['fields'], name, `the package has no field ${name}${didYouMean(name, known)}`);
      }
      return withField(stanza, name, undefined);
    }, this.stanza);
    return this.with(made);
  }

  needs(): string[][] {
    return needs(this.stanza);
  }

  offers(): string[] {
    return offers(this.name(), this.stanza);
  }

  versionedOffers(): { name: string; version: string }[] {
    return versionedProvides(this.stanza);
  }

  rewrite(from: string, to: string, edit: ContentEdit, signal?: AbortSignal): Promise<void> {
    return rewritePackage(from, to, { ...edit, control: this.stanza }, signal);
  }

  async write(to: string, content: NewContent): Promise<void> {
    await writeFile(to, await writePackage({ ...content, control: this.stanza }), { flag: 'wx' });
  }

  private name(): string {
    return fieldValue(this.stanza, 'Package') ?? '';
  }

  private with(stanza: Stanza): ControlMetadata {
    return new ControlMetadata(this.format, stanza);
  }
}
