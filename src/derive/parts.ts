import { globMatcher } from '../core/glob.ts';
import type { ArchiveEdit } from '../package/archive/archive-edit.ts';
import { md5Of } from '../package/control/rewrite-package.ts';
import type { ContentEdit } from '../package/package-edit.ts';
import { checkLinks, type FilesPlan } from './files.ts';
import type { Complain, PackageChange } from './recipe.ts';

/** Which part of a package a file goes to: the name of one that is split off, or undefined for what stays. */
export type OwnerOf = (path: string) => string | undefined;

/** Who gets which file. A file that several parts could have goes to the first. */
export function divide(plan: FilesPlan, { split }: PackageChange, complain: Complain): OwnerOf {
  const paths = pathsOf(plan);
  const parts = Object.entries(split).map(([part, globs]) => {
    const matchers = globs.map((glob) => globMatcher(glob));
    for (const [i, matches] of matchers.entries())
      if (!paths.some((path) => matches(path)))
        complain(['split', part, i], undefined, `no file of the package matches ${JSON.stringify(globs[i])}`);
    return { part, matchers };
  });
  const ownerOf: OwnerOf = (path) =>
    parts.find(({ matchers }) => matchers.some((matches) => matches(path)))?.part;
  for (const owner of [undefined, ...parts.map(({ part }) => part)]) {
    const ours = plan.kept.filter(({ path }) => ownerOf(path) === owner);
    const others = new Set(paths.filter((path) => ownerOf(path) !== owner));
    checkLinks(ours, others, (path, message) => complain(['split'], undefined, `${path}: ${message}`));
  }
  return ownerOf;
}

function pathsOf({ kept, added }: FilesPlan): string[] {
  return [...kept, ...added].filter(({ type }) => type !== 'directory').map(({ path }) => path);
}

/** What the files of one of the parts have of the whole's. Folders stay with all that have something in them. */
export function dataEdit(
  plan: FilesPlan,
  ownerOf: OwnerOf,
  owner: string | undefined,
): Pick<ContentEdit, 'data' | 'md5'> {
  const mine = pathsOf(plan).filter((path) => ownerOf(path) === owner);
  const needed = (path: string) => mine.some((one) => one.startsWith(path === '/' ? path : `${path}/`));
  const stays = new Set<string>();
  for (const { path, type } of plan.kept)
    if (type === 'directory' ? owner === undefined || needed(path) : ownerOf(path) === owner) stays.add(path);
  const added = plan.added.filter(({ path, type }) =>
    type === 'directory' ? needed(path) : ownerOf(path) === owner,
  );
  const changed = new Map([...plan.changed].filter(([path]) => stays.has(path)));
  const md5 = new Map<string, string>();
  for (const [path, { content }] of changed) if (content !== undefined) md5.set(path, md5Of(content));
  for (const entry of added) if (entry.type === 'file') md5.set(entry.path, md5Of(entry.content));
  const data: ArchiveEdit = {
    drops: (path) => !stays.has(path),
    changed: new Map(
      [...changed].map(([path, { content, mode }]) => [
        path,
        {
          ...(content === undefined ? {} : { content: () => content }),
          ...(mode === undefined ? {} : { mode }),
        },
      ]),
    ),
    added,
  };
  return { data, md5 };
}
