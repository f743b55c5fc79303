import type { LockFile } from './lock.ts';

/** A package that a lock has in another way than the one before: without `to` it is gone, without `from` it is new. */
interface LockChange {
  name: string;
  from?: string;
  to?: string;
  /** Sets of which this is so: `tools`, `qemuarm64/system`. */
  sets: string[];
}

/** What is different in a lock, by name. A version that has another content is a change too. */
export function lockChanges(before: LockFile, after: LockFile): LockChange[] {
  const changes = new Map<string, LockChange>();
  for (const set of new Set([...Object.keys(before.sets), ...Object.keys(after.sets)])) {
    const [old, now] = [packagesOf(before, set), packagesOf(after, set)];
    for (const name of new Set([...old.keys(), ...now.keys()])) {
      const [from, to] = [old.get(name), now.get(name)];
      if (from?.sha256 === to?.sha256) continue;
      const key = JSON.stringify([name, from?.version, to?.version]);
      const change = changes.get(key) ?? {
        name,
        ...(from === undefined ? {} : { from: from.version }),
        ...(to === undefined ? {} : { to: to.version }),
        sets: [],
      };
      change.sets.push(set);
      changes.set(key, change);
    }
  }
  return [...changes.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

function packagesOf({ sets }: LockFile, set: string) {
  return new Map((sets[set]?.packages ?? []).map((one) => [one.name, one]));
}

/** A line for each: `libc6 2.41-12 -> 2.41-13 (tools, qemuarm64/system)`. */
export function lockChangeLines(changes: readonly LockChange[]): string[] {
  return changes.map(({ name, from, to, sets }) => {
    const where = `(${sets.join(', ')})`;
    if (from === undefined) return `${name} ${to ?? ''} is new ${where}`;
    if (to === undefined) return `${name} ${from} is gone ${where}`;
    return `${name} ${from} -> ${to}${from === to ? ', with another content' : ''} ${where}`;
  });
}
