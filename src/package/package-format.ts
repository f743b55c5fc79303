import type { Stanza } from './control/stanza.ts';
import type { RpmFacts } from './rpm/facts.ts';
import type { RpmListedFile } from './rpm/files.ts';
import type { RpmLabels } from './rpm/labels.ts';
import { scriptTags } from './rpm/tags.ts';

/** Kinds of package files that are read. ipk and deb differ in who takes them, hardly in what they are. */
export const packageFormats = ['ipk', 'deb', 'rpm'] as const;
export type PackageFormat = (typeof packageFormats)[number];

/** Maintainer scripts (deb-preinst(5) and its neighbours); opkg knows all but `config`. */
export const controlScriptNames = ['preinst', 'postinst', 'prerm', 'postrm', 'config'] as const;
export type ControlScriptName = (typeof controlScriptNames)[number];

type RpmScriptName = keyof typeof scriptTags;
const rpmScriptNames = Object.keys(scriptTags) as readonly RpmScriptName[];

/** What runs when a package is installed, upgraded or removed. */
export type ScriptName = ControlScriptName | RpmScriptName;

/** What a format calls its scripts. */
export const scriptNames: Readonly<Record<PackageFormat, readonly ScriptName[]>> = {
  ipk: controlScriptNames,
  deb: controlScriptNames,
  rpm: rpmScriptNames,
};

/** What a package of any format says of itself. */
interface AnyPackage {
  name: string;
  /** As its format writes it, such as `1:1.35.0-r0`. */
  version: string;
  architecture: string;
  /**
   * Absolute paths of configuration files, with what shall be different about one before it: `remove-on-upgrade`
   * (deb-conffiles(5)), or of an rpm `noreplace`.
   */
  conffiles: readonly string[];
  scripts: ReadonlyMap<ScriptName, string>;
}

/** An ipk or a deb. */
export interface ControlPackage extends AnyPackage {
  format: 'ipk' | 'deb';
  /** Every field of the control file in its order; Package, Version and Architecture are there. */
  control: Stanza;
  /** The first thing in an ipk's control file that opkg passes over, with its line; dpkg refuses a deb with such. */
  passedOver?: string;
}

/** An rpm. */
export interface RpmPackage extends AnyPackage {
  format: 'rpm';
  labels: RpmLabels;
  /** In the header's order. */
  files: readonly RpmListedFile[];
  facts: RpmFacts;
}

export type PackageFile = ControlPackage | RpmPackage;

/** The format that a file's name says: nothing within tells an ipk from a deb. Source rpms install nothing. */
export function formatOf(path: string): PackageFormat | undefined {
  if (/\.(ipk|opk)$/.test(path)) return 'ipk';
  if (/(?<!\.(?:no)?src)\.rpm$/.test(path)) return 'rpm';
  return path.endsWith('.deb') ? 'deb' : undefined;
}
