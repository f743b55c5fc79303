import type { ArchiveEdit } from './archive/archive-edit.ts';
import type { ScriptName } from './package-format.ts';

/** What a package that is made from another holds other than it, besides what it says of itself. */
export interface ContentEdit {
  /** All of them; undefined leaves the list as it is. */
  conffiles?: readonly string[];
  /** By name, only those that change: their new text, or undefined where there shall be none. */
  scripts?: ReadonlyMap<ScriptName, Buffer | undefined>;
  /** Nothing stays of what runs, such as scripts and triggers: for a package split off. */
  bare?: boolean;
  /** Undefined leaves the files as they are, compressed bytes and all. */
  data?: ArchiveEdit;
  /** MD5 of files that change, hex; for the list `md5sums` where the package has one. */
  md5?: ReadonlyMap<string, string>;
}
