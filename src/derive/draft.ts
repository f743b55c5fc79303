import type { Fault } from '../document/parse.ts';
import type { ContentEdit } from '../package/package-edit.ts';
import type { PackagedFile } from '../package/packaged-file.ts';
import { changedConffiles, conffilePath } from './conffiles.ts';
import { planFiles } from './files.ts';
import type { Metadata } from './metadata.ts';
import { dataEdit, divide } from './parts.ts';
import type { Complain, PackageChange } from './recipe.ts';
import type { Draft } from './release.ts';
import { changedScripts } from './scripts.ts';
import type { Target } from './versions.ts';

/** A package that the recipe names, and what is known of it. */
interface Subject extends Target {
  change: PackageChange;
  /** With relations moved. */
  metadata: Metadata;
  /** What it installs, where that matters. */
  files: readonly PackagedFile[];
}

/** A package with its changes, and those that are split off it; pure. */
export function draftPackage(
  { source, change, name, version, metadata: moved, files }: Subject,
  faults: Fault[],
): Draft[] {
  const { about } = source;
  const complain: Complain = (path, key, message) =>
    faults.push({ path: ['packages', about.name, ...path], message, ...(key === undefined ? {} : { key }) });
  const plan = planFiles(files, change.files, (path, message) => complain(['files'], path, message));
  const conffiles = changedConffiles(about.conffiles, plan, change, complain);
  const fields = moved.withVersion(version).withFields(change.fields, complain);
  const scripts = changedScripts(about, change, complain);
  const ownerOf = divide(plan, change, complain);
  const named = name === about.name ? fields : fields.renamed(name);
  const parts = Object.keys(change.split);
  const whole = parts.reduce((made, part) => made.needing(part, version), named);
  const touchesFiles = parts.length > 0 || Object.keys(change.files).length > 0;

  const edited = (
    owner: string | undefined,
    metadata: Metadata,
    edit: ContentEdit,
    what: readonly string[],
  ): Draft => {
    const list = conffiles.list.filter((line) => ownerOf(conffilePath(line)) === owner);
    const isSame = list.join('\n') === about.conffiles.join('\n');
    const data = touchesFiles ? dataEdit(plan, ownerOf, owner) : {};
    return {
      name: owner ?? name,
      version,
      oldVersion: owner === undefined ? about.version : '',
      architecture: about.architecture,
      metadata,
      make: { kind: 'edited', source, edit: { ...edit, ...data, ...(isSame ? {} : { conffiles: list }) } },
      what,
    };
  };
  const what = [
    ...(name === about.name ? [] : [`renamed from ${about.name}`]),
    ...plan.what,
    ...conffiles.what,
    ...scripts.what,
    ...Object.keys(change.fields).map((field) => `${field} changed`),
    ...parts.map((part) => `${part} split off`),
  ];
  return [
    edited(undefined, whole, { scripts: scripts.changed }, what),
    ...parts.map((part) => edited(part, named.part(part), { bare: true }, [`split off ${name}`])),
  ];
}
