import { HarnessError } from '../core/errors.ts';
import type { Exploration } from './exploration.ts';

/** An exploration, and whether it compares anything by what it amounts to, and not by what is on the disks. */
interface MaybeCanonical {
  exploration: Pick<Exploration<{ id: string }>, 'explore'>;
  canonical: boolean;
}

/**
 * Explores; where an audit shows that canonical forms do not hold for what a device reads, once more without them, sector
 * by sector. Returns the exploration that stands. Throws what the last one throws: HarnessError `audit-mismatch` where
 * canonical forms were not at fault.
 */
export async function exploreSoundly<T extends MaybeCanonical>(
  first: T,
  openRaw: () => Promise<T>,
): Promise<T> {
  try {
    await first.exploration.explore();
    return first;
  } catch (error) {
    if (!first.canonical || !isMismatch(error)) throw error;
  }
  const raw = await openRaw();
  await raw.exploration.explore();
  return raw;
}

/** Whether two boots contradict each other: what may be the fault of a canonical form. */
export function isMismatch(error: unknown): boolean {
  return error instanceof HarnessError && error.code === 'audit-mismatch';
}
