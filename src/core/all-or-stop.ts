/**
 * Awaits all of the works, then throws the first failure if there was one. `onFailure` is called at once
 * with the first failure, so that it can stop the rest; nothing goes on in the background afterwards.
 */
export async function allOrStop<T>(
  works: readonly Promise<T>[],
  onFailure: (error: unknown) => void,
): Promise<T[]> {
  let first: { error: unknown } | undefined;
  const results: T[] = [];
  await Promise.all(
    works.map(async (work, i) => {
      try {
        results[i] = await work;
      } catch (error) {
        if (first !== undefined) return;
        first = { error };
        onFailure(error);
      }
    }),
  );
  if (first !== undefined) throw first.error;
  return results;
}
