/** Rules by which a scenario names upgrade paths. */
export const pathRules = ['adjacent', 'skip', 'all', 'downgrade', 'between'] as const;
type PathRule = (typeof pathRules)[number];

/** An upgrade path as a scenario names it: by rule, or release by release. */
export type PathChoice = PathRule | string[];

/** What each rule makes of the branches of releases, oldest first. */
const rules: Record<PathRule, (branches: readonly (readonly string[])[]) => string[][]> = {
  adjacent: (branches) => branches.map((releases) => [...releases]),
  skip: (branches) => branches.map((releases) => [...releases.slice(0, 1), ...releases.slice(-1)]),
  all: (branches) =>
    branches.flatMap((releases) =>
      releases.flatMap((from, i) => releases.slice(i + 1).map((to) => [from, to])),
    ),
  downgrade: (branches) => branches.map((releases) => [...releases].reverse()),
  between: (branches) =>
    branches.slice(1).map((releases, i) => [...(branches[i] ?? []).slice(-1), ...releases.slice(-1)]),
};

/**
 * The upgrade paths that the choices stand for, in their order, without repetitions. Within each branch `adjacent` takes
 * every release in order, `skip` goes from the first straight to the last, `all` from each to each later one, and
 * `downgrade` takes every release backwards; `between` goes from the latest of a branch to the latest of the next.
 */
export function resolvePaths(
  branches: readonly (readonly string[])[],
  choices: readonly PathChoice[],
): string[][] {
  const paths = choices.flatMap((choice) =>
    typeof choice === 'string' ? rules[choice](branches).filter((path) => path.length > 1) : [choice],
  );
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}
