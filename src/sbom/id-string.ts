import { sha256 } from '../core/digest.ts';

const mostCharacters = 100;

/**
 * A text as an idstring of SPDX 2.3 (clauses 7.2 and 10.1: letters, digits, `.` and `-`). Where that takes something
 * away, a digest of the text follows, so that `libstdc++6` and `libstdc--6` stay apart.
 */
export function idString(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, mostCharacters);
  return plain === text && text !== '' ? plain : `${plain}-${shortDigest(text)}`;
}

/** Enough of a digest to tell texts of one document apart. */
export function shortDigest(text: string): string {
  return sha256(text).slice(0, 8);
}
