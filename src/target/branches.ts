import { sha256 } from '../core/digest.ts';

/** All that a boot has been shown of what may differ between disks, in any order; 0n at power-on. */
export type Trace = bigint;

/** A read that a boot is about to make, and what it will be shown. */
export interface Shown {
  /** DiskSpec.id. */
  disk: string;
  /** Bytes. */
  offset: number;
  length: number;
  /** SHA-256 of the content. */
  digest: string;
}

/** The trace of a boot that has also been shown this. */
export function withShown(trace: Trace, { disk, offset, length, digest }: Shown): Trace {
  const one = BigInt(`0x${sha256(`${disk} ${offset} ${length} ${digest}`).slice(0, 32)}`);
  return BigInt.asUintN(128, trace + one);
}

/**
 * Where boots part. Crash states of one recording make a tree: boots go the same way until they are shown different
 * bytes at the same place. Machines are worth saving there; a snapshot between two such places serves nobody whom the
 * next one would not serve better.
 */
export class Branches {
  private readonly digests = new Map<string, Set<string>>();

  /**
   * Notes what a boot of this trace is about to be shown. True where earlier boots of the same trace were shown only
   * other things at the same place.
   */
  parts(trace: Trace, { disk, offset, length, digest }: Shown): boolean {
    const place = `${trace} ${disk} ${offset} ${length}`;
    const known = this.digests.get(place);
    if (known === undefined) {
      this.digests.set(place, new Set([digest]));
      return false;
    }
    if (known.has(digest)) return false;
    known.add(digest);
    return true;
  }
}
