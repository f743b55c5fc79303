import { didYouMean } from '../document/suggest.ts';
import { fieldValue, type Stanza } from '../package/stanza.ts';
import type { FilesPlan } from './files.ts';
import type { Complain, PackageChange } from './recipe.ts';
import { withAppended, withField } from './relations.ts';

/** A line of the list may begin with a flag (deb-conffiles(5)). */
export function conffilePath(line: string): string {
  return line.replace(/^remove-on-upgrade\s+/, '');
}

/** The list of conffiles. One whose file is no longer there is taken off it. */
export function changedConffiles(
  old: readonly string[],
  plan: FilesPlan,
  { conffiles: { add, remove }, files }: PackageChange,
  complain: Complain,
): { list: string[]; what: string[] } {
  const shipped = [...plan.kept, ...plan.added].filter(({ type }) => type === 'file').map(({ path }) => path);
  const listed = old.map(conffilePath);
  const fail = (list: 'add' | 'remove', i: number, message: string) =>
    complain(['conffiles', list, i], undefined, message);
  for (const [i, path] of remove.entries())
    if (!listed.includes(path))
      fail('remove', i, `${JSON.stringify(path)} is no conffile of the package${didYouMean(path, listed)}`);
  for (const [i, path] of add.entries()) {
    if (listed.includes(path)) fail('add', i, `${path} is a conffile already`);
    else if (!shipped.includes(path))
      fail('add', i, `the package has no file ${JSON.stringify(path)}${didYouMean(path, shipped)}`);
  }
  const dropped = new Set(remove);
  const looked = Object.keys(files).length > 0;
  const list = old.filter((line) => {
    const path = conffilePath(line);
    return !dropped.has(path) && !(looked && line === path && !shipped.includes(path));
  });
  return {
    list: [...list, ...add],
    what: [
      ...add.map((path) => `conffile ${path} added`),
      ...remove.map((path) => `conffile ${path} no more`),
    ],
  };
}

/** The control file with fields set, taken away, or longer. */
export function changedFields(
  old: Stanza,
  { fields }: PackageChange,
  complain: Complain,
): { control: Stanza; what: string[] } {
  let control = old;
  for (const [name, value] of Object.entries(fields)) {
    if (value === 'removed') {
      if (!old.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
        const known = old.map((one) => one.name);
        complain(['fields'], name, `the package has no field ${name}${didYouMean(name, known)}`);
      }
      control = withField(control, name, undefined);
    } else if (typeof value === 'string') control = withField(control, name, value);
    else control = withAppended(control, name, value.append);
  }
  return { control, what: Object.keys(fields).map((name) => `${name} changed`) };
}

/** As packagers rename: the new package offers the old name and takes the old package's place. */
export function renamed(control: Stanza, old: string, name: string): Stanza {
  const withNew = withField(control, 'Package', name);
  return ['Provides', 'Replaces', 'Conflicts'].reduce((made, field) => {
    const there = (fieldValue(made, field) ?? '').split(',').map((one) => one.trim());
    return there.includes(old) ? made : withAppended(made, field, old);
  }, withNew);
}
