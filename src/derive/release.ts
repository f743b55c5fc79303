import type { ContentEdit } from '../package/package-edit.ts';
import type { Metadata, NewContent } from './metadata.ts';
import type { SourcePackage } from './source.ts';

/** A package of the next release, still without its place. */
export interface Draft {
  name: string;
  version: string;
  /** Of the old release: empty where it had no such package. */
  oldVersion: string;
  architecture: string;
  metadata: Metadata;
  /** What it is made from: the old file as it is, the old file with an edit, or nothing. */
  make:
    | { kind: 'same'; source: SourcePackage }
    | { kind: 'edited'; source: SourcePackage; edit: ContentEdit }
    | { kind: 'new'; content: NewContent };
  /** What is new besides the version, for people. */
  what: readonly string[];
}

/** A package file of the next release. */
export interface Output extends Draft {
  /** Below the new folder. */
  to: string;
}

/** One line of what a recipe changes. */
interface Change {
  name: string;
  /** Empty where there was none, or is none any more. */
  oldVersion: string;
  newVersion: string;
  what: readonly string[];
}

/** The next release before it is written. */
export interface Plan {
  outputs: Output[];
  changes: Change[];
  unchanged: number;
  warnings: string[];
}
