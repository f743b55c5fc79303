/** What is on a disk is not what its format says; never leaves this folder's public functions. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** The content is outside of what this code vouches for: take it as it is, byte for byte. Always a safe answer. */
export interface Odd {
  kind: 'odd';
  why: string;
}

/** Says why a content is not vouched for. */
export function odd(why: string): Odd {
  return { kind: 'odd', why };
}

/** The result of `body`, or `instead` of the reason when the content is malformed. */
export function unlessMalformed<T, U>(body: () => T, instead: (why: string) => U): T | U {
  try {
    return body();
  } catch (error) {
    if (error instanceof Malformed) return instead(error.message);
    throw error;
  }
}

/** A bound on work, so that a file system which points at itself a million times costs no more than a sound one. */
export class Budget {
  private left: number;

  constructor(steps: number) {
    this.left = steps;
  }

  /** Throws Malformed when the steps are used up. */
  take(steps = 1): void {
    this.left -= steps;
    if (this.left < 0) throw new Malformed('too much to follow');
  }
}
