/**
 * A smallest subset of `items` for which `fails` still holds, in the sense that no part tried can be left out: delta
 * debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002), after a look at each
 * item alone where there are many. `fails` must hold for `items` itself; undefined from it means that no more may be
 * tried, and ends the search with the smallest so far.
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean | undefined>,
): Promise<T[]> {
  let current = [...items];
  let parts = 2;
  while (current.length > 1) {
    const chunks = split(current, Math.min(parts, current.length));
    const smaller = await firstFailing(chunks, current, fails);
    if (smaller === 'no more') return current;
    if (smaller !== undefined) {
      parts = smaller.length < current.length / 2 ? 2 : Math.max(2, parts - 1);
      current = smaller;
    } else if (parts >= current.length) return current;
    else parts = Math.min(current.length, parts * 2);
  }
  return current;
}

/** The first chunk, or else the first rest without a chunk, that still fails. */
async function firstFailing<T>(
  chunks: readonly T[][],
  all: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean | undefined>,
): Promise<T[] | undefined | 'no more'> {
  const rests = chunks.length > 2 ? chunks.map((chunk) => all.filter((item) => !chunk.includes(item))) : [];
  for (const candidate of [...chunks, ...rests]) {
    const failed = await fails(candidate);
    if (failed === undefined) return 'no more';
    if (failed) return candidate;
  }
  return undefined;
}

function split<T>(items: readonly T[], parts: number): T[][] {
  return Array.from({ length: parts }, (_, i) =>
    items.slice(Math.floor((i * items.length) / parts), Math.floor(((i + 1) * items.length) / parts)),
  );
}
