import type { NewTarEntry } from '../package/archive/tar.ts';
import type { ContentEdit } from '../package/package-edit.ts';
import type { ScriptName } from '../package/package-format.ts';
import type { Moves } from './moves.ts';
import type { Complain, FieldChange } from './recipe.ts';

/** What a package that there was not holds. */
export interface NewContent {
  conffiles: readonly string[];
  scripts: Readonly<Partial<Record<ScriptName, string>>>;
  /** Folders before what is in them. */
  files: readonly NewTarEntry[];
}

/** What a package says of itself and of others, in the way of its format. Nothing is changed: each change gives a new one. */
export interface Metadata {
  /**
   * With its exact relations moved to the versions of the next release, as a build of both packages would write them. A
   * relation with any version moves to a new name as well. `isMoved`: one that is not only about itself did.
   */
  moved(moves: Moves): { metadata: Metadata; isMoved: boolean };
  withVersion(version: string): Metadata;
  /** As packagers rename: the new package offers the old name and takes the old package's place. */
  renamed(name: string): Metadata;
  /** Also needs this package in exactly this version. */
  needing(name: string, version: string): Metadata;
  /** Of a package that is split off this one and takes over files that it has up to this version. */
  part(name: string): Metadata;
  /** With fields set, taken away, or longer. */
  withFields(changes: Readonly<Record<string, FieldChange>>, complain: Complain): Metadata;
  /** The names without which it is not installed, alternatives together. */
  needs(): string[][];
  /** What may be depended on where it is. */
  offers(): string[];
  /** What it offers with a version. */
  versionedOffers(): { name: string; version: string }[];
  /** Makes the package file `to` from the old one. Throws what reading and writing packages throws. */
  rewrite(from: string, to: string, edit: ContentEdit, signal?: AbortSignal): Promise<void>;
  /** Makes the package file `to`. Throws what writing throws. */
  write(to: string, content: NewContent): Promise<void>;
}
