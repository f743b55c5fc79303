/** An upgrade path as a scenario names it: by rule, or release by release. */
export type PathChoice = 'adjacent' | 'skip' | string[];

/**
 * The upgrade paths that the choices stand for, in their order, without repetitions. `adjacent` takes every
 * release in order, `skip` goes from the first straight to the last.
 */
export function resolvePaths(releases: readonly string[], choices: readonly PathChoice[]): string[][] {
  const paths = choices.map((choice) => {
    if (choice === 'adjacent') return [...releases];
    if (choice === 'skip') return [...releases.slice(0, 1), ...releases.slice(-1)];
    return choice;
  });
  const byContent = new Map(paths.map((path) => [JSON.stringify(path), path]));
  return [...byContent.values()];
}
