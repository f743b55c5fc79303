import type { Fault } from '../document/parse.ts';
import { didYouMean } from '../document/suggest.ts';
import { field, type Stanza } from '../package/stanza.ts';
import { planFiles } from './files.ts';
import type { NewPackageRecipe } from './recipe.ts';
import { withField } from './relations.ts';
import type { Draft } from './release.ts';

/** Fields that dpkg asks for, where the recipe has none. */
const defaults = {
  Description: 'made by a recipe of brownout',
  Section: 'misc',
  Priority: 'optional',
  Maintainer: 'brownout <brownout@example.com>',
};

/** A package that the old release does not have; pure. */
export function draftNew(name: string, recipe: NewPackageRecipe, faults: Fault[]): Draft {
  const { version, architecture, files, conffiles, scripts, fields } = recipe;
  const at = ['packages', name, 'add'];
  const plan = planFiles([], files, (path, message) =>
    faults.push({ path: [...at, 'files'], key: path, message }),
  );
  const shipped = plan.added.filter(({ type }) => type === 'file').map(({ path }) => path);
  for (const [i, path] of conffiles.entries())
    if (!shipped.includes(path))
      faults.push({
        path: [...at, 'conffiles', i],
        message: `the package has no file ${JSON.stringify(path)}${didYouMean(path, shipped)}`,
      });
  const first: Stanza = [
    field('Package', name),
    field('Version', version),
    field('Architecture', architecture),
  ];
  const control = Object.entries({ ...defaults, ...fields }).reduce(
    (made: Stanza, [key, value]) => withField(made, key, value),
    first,
  );
  const texts = Object.fromEntries(Object.entries(scripts).map(([key, text]) => [key, text]));
  const made = { control, conffiles, scripts: texts, files: plan.added };
  return {
    name,
    version,
    oldVersion: '',
    architecture,
    control,
    make: { kind: 'new', made },
    what: ['added'],
  };
}
