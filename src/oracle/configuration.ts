import { type CheckResult, failed, passed } from './check.ts';
import type { FileState } from './observation.ts';

/** Compares the owner's files byte for byte, with mode and ownership, against what the owner left. */
export function checkConfiguration(before: readonly FileState[], after: readonly FileState[]): CheckResult {
  const now = new Map(after.map((file) => [file.path, file]));
  const problems = before.flatMap((file) => {
    const problem = difference(file, now.get(file.path));
    return problem === undefined ? [] : [`${file.path} ${problem}`];
  });
  if (problems.length === 0) return passed(`${before.length} files as the owner left them`);
  return failed('configuration-lost', problems.join('; '));
}

function difference(before: FileState, after: FileState | undefined): string | undefined {
  if (after === undefined) return 'was not looked at';
  if (before.content === undefined)
    return after.content === undefined ? undefined : 'is back, though the owner deleted it';
  if (after.content === undefined) return 'is gone';
  const at = firstDifference(before.content, after.content);
  if (at !== undefined)
    return `differs from byte ${at} on (${before.content.length} bytes before, ${after.content.length} now)`;
  if (before.access !== after.access)
    return `has access ${after.access ?? 'none'}, not ${before.access ?? 'none'}`;
  return undefined;
}

function firstDifference(a: Buffer, b: Buffer): number | undefined {
  if (a.equals(b)) return undefined;
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i += 1) if (a[i] !== b[i]) return i;
  return shorter;
}
