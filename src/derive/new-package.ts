import type { Fault } from '../document/parse.ts';
import { didYouMean } from '../document/suggest.ts';
import type { PackageFormat } from '../package/package-format.ts';
import { planFiles } from './files.ts';
import { formats } from './formats.ts';
import type { Complain, NewPackageRecipe } from './recipe.ts';
import type { Draft } from './release.ts';

/** A package that the old release does not have; pure. */
export function draftNew(
  name: string,
  recipe: NewPackageRecipe,
  format: PackageFormat,
  faults: Fault[],
): Draft {
  const { version, architecture, files, conffiles, noreplace, scripts, fields } = recipe;
  const complain: Complain = (path, key, message) =>
    faults.push({ path: ['packages', name, 'add', ...path], message, ...(key === undefined ? {} : { key }) });
  const plan = planFiles([], files, (path, message) => complain(['files'], path, message));
  const shipped = plan.added.filter(({ type }) => type === 'file').map(({ path }) => path);
  for (const [list, paths] of Object.entries({ conffiles, noreplace }))
    for (const [i, path] of paths.entries())
      if (!shipped.includes(path)) {
        const known = didYouMean(path, shipped);
        complain([list, i], undefined, `the package has no file ${JSON.stringify(path)}${known}`);
      }
  const lines = [...conffiles, ...noreplace.map((path) => `noreplace ${path}`)];
  return {
    name,
    version,
    oldVersion: '',
    architecture,
    metadata: formats[format].create(name, recipe).withFields(fields, complain),
    make: { kind: 'new', content: { conffiles: lines, scripts, files: plan.added } },
    what: ['added'],
  };
}
