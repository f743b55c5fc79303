import { didYouMean } from '../document/suggest.ts';
import type { FilesPlan } from './files.ts';
import type { Complain, PackageChange } from './recipe.ts';

/** A line of the list may begin with a flag: deb-conffiles(5), or `noreplace` of an rpm. */
export function conffilePath(line: string): string {
  return line.replace(/^(?:remove-on-upgrade|noreplace)\s+/, '');
}

/** The list of conffiles. One whose file the recipe takes away is taken off it, and said; all others stay. */
export function changedConffiles(
  old: readonly string[],
  plan: FilesPlan,
  { conffiles: { add, noreplace, remove } }: PackageChange,
  complain: Complain,
): { list: string[]; what: string[] } {
  const shipped = [...plan.kept, ...plan.added]
    .filter(({ type }) => type !== 'directory')
    .map(({ path }) => path);
  const listed = old.map(conffilePath);
  const wanted = [
    ...add.map((path, i) => ({ path, line: path, at: ['conffiles', 'add', i] })),
    ...noreplace.map((path, i) => ({ path, line: `noreplace ${path}`, at: ['conffiles', 'noreplace', i] })),
  ];
  for (const [i, path] of remove.entries())
    if (!listed.includes(path)) {
      const known = didYouMean(path, listed);
      complain(
        ['conffiles', 'remove', i],
        undefined,
        `${JSON.stringify(path)} is no conffile of the package${known}`,
      );
    }
  for (const { path, line, at } of wanted) {
    if (old.includes(line)) complain(at, undefined, `${path} is a conffile already`);
    else if (!shipped.includes(path))
      complain(at, undefined, `the package has no file ${JSON.stringify(path)}${didYouMean(path, shipped)}`);
  }
  const dropped = new Set([...remove, ...wanted.map(({ path }) => path)]);
  // `remove-on-upgrade` and rpm's flags may be of files that the package does not bring.
  const goneWith = old.filter((line) => plan.gone.has(line) && !shipped.includes(line) && !dropped.has(line));
  const list = old.filter((line) => !dropped.has(conffilePath(line)) && !goneWith.includes(line));
  return {
    list: [...list, ...wanted.map(({ line }) => line)],
    what: [
      ...wanted.map(({ line }) => `conffile ${line} added`),
      ...[...remove, ...goneWith].map((path) => `conffile ${path} no more`),
    ],
  };
}
