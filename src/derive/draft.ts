import type { Fault } from '../document/parse.ts';
import type { PackageFormat } from '../package/package-file.ts';
import type { PackagedFile } from '../package/packaged-files.ts';
import type { PackageEdit } from '../package/rewrite-package.ts';
import type { Stanza } from '../package/stanza.ts';
import { changedConffiles, changedFields, conffilePath, renamed } from './control.ts';
import { planFiles } from './files.ts';
import { dataEdit, divide } from './parts.ts';
import type { Complain, PackageChange } from './recipe.ts';
import { withAppended, withField } from './relations.ts';
import type { Draft } from './release.ts';
import { changedScripts } from './scripts.ts';
import { splitControl } from './split.ts';
import type { Target } from './versions.ts';

/** A package that the recipe names, and what is known of it. */
interface Subject extends Target {
  change: PackageChange;
  format: PackageFormat;
  /** Its control file with relations moved. */
  control: Stanza;
  /** What it installs, where that matters. */
  files: readonly PackagedFile[];
}

/** A package with its changes, and those that are split off it; pure. */
export function draftPackage(
  { source, change, name, version, format, control: moved, files }: Subject,
  faults: Fault[],
): Draft[] {
  const { about } = source;
  const complain: Complain = (path, key, message) =>
    faults.push({ path: ['packages', about.name, ...path], message, ...(key === undefined ? {} : { key }) });
  const plan = planFiles(files, change.files, (path, message) => complain(['files'], path, message));
  const conffiles = changedConffiles(about.conffiles, plan, change, complain);
  const fields = changedFields(withField(moved, 'Version', version), change, complain);
  const scripts = changedScripts(about.scripts, change, complain);
  const ownerOf = divide(plan, change, complain);
  const named = name === about.name ? fields.control : renamed(fields.control, about.name, name);
  const parts = Object.keys(change.split);
  const control = parts.reduce(
    (made, part) => withAppended(made, 'Depends', `${part} (= ${version})`),
    named,
  );
  const touchesFiles = parts.length > 0 || Object.keys(change.files).length > 0;

  const edited = (owner: string | undefined, edit: PackageEdit, what: readonly string[]): Draft => {
    const list = conffiles.list.filter((line) => ownerOf(conffilePath(line)) === owner);
    const isSame = list.join('\n') === about.conffiles.join('\n');
    const data = touchesFiles ? dataEdit(plan, ownerOf, owner) : {};
    return {
      name: owner ?? name,
      version,
      oldVersion: owner === undefined ? about.version : '',
      architecture: about.architecture,
      control: edit.control,
      make: { kind: 'edited', source, edit: { ...edit, ...data, ...(isSame ? {} : { conffiles: list }) } },
      what,
    };
  };
  const what = [
    ...(name === about.name ? [] : [`renamed from ${about.name}`]),
    ...plan.what,
    ...conffiles.what,
    ...scripts.what,
    ...fields.what,
    ...parts.map((part) => `${part} split off`),
  ];
  return [
    edited(undefined, { control, scripts: scripts.changed }, what),
    ...parts.map((part) =>
      edited(part, { control: splitControl(named, part, format), bare: true }, [`split off ${name}`]),
    ),
  ];
}
