import { relative } from 'node:path';

/** A path as one types it here: from the current folder where it lies below that, or else as it is. */
export function nearPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}
