/** Contents of one file: what the owner began with and made of it, what is there now, what the packages ship now. */
export interface MergeInput {
  base: Buffer;
  owner: Buffer;
  now: Buffer;
  /** Undefined where nobody knows; then the packages count as having changed nothing. */
  newDefault: Buffer | undefined;
}

/**
 * Whether all of the owner's changes to `base` are in `now`, line by line: every line that the owner had is there, in the
 * owner's order, but for those that the packages took out; and none that the owner took out is back, but for those that
 * the packages put in. False where nothing but empty lines would show it, and for content that is no text (with NUL bytes).
 */
export function holdsChanges({ base, owner, now, newDefault = base }: MergeInput): boolean {
  if ([base, owner, now, newDefault].some((content) => content.includes(0))) return false;
  const was = countLines(base);
  const had = countLines(owner);
  const is = countLines(now);
  const ships = countLines(newDefault);
  const mayBeGone = (line: string) => had(line) <= was(line) && ships(line) < was(line);
  const needed = linesOf(owner).filter((line) => !mayBeGone(line));
  if (needed.every((line) => line.trim() === '')) return false;
  if (!inOrder(needed, linesOf(now))) return false;
  const mayBeThere = (line: string) => had(line) + Math.max(0, ships(line) - was(line));
  return linesOf(base).every((line) => had(line) >= was(line) || is(line) <= mayBeThere(line));
}

/** Bytes, not characters: what is no UTF-8 is compared too. */
function linesOf(content: Buffer): string[] {
  const lines = content.toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function countLines(content: Buffer): (line: string) => number {
  const counts = new Map<string, number>();
  for (const line of linesOf(content)) counts.set(line, (counts.get(line) ?? 0) + 1);
  return (line) => counts.get(line) ?? 0;
}

function inOrder(needed: readonly string[], lines: readonly string[]): boolean {
  let found = 0;
  for (const line of lines) if (line === needed[found]) found += 1;
  return found === needed.length;
}
