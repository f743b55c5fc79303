import { basename } from 'node:path';
import { type Lookup, lookupBelow } from './lookup.ts';

/**
 * What may go wrong with a feed while a device reads it. `file`s are the ends of URL paths: `a_1.0_all.ipk`,
 * `all/Packages.gz`.
 */
export type FeedFault = Limited & (IndexMissing | BodyFault | HalfPublished);

interface Limited {
  /** How many requests meet it; then it is over. Default: all. */
  times?: number;
}

/** Every index file is answered with 404; of one feed only (`all`) where it is named. */
interface IndexMissing {
  kind: 'index-missing';
  feed?: string;
}

/** What is wrong with the body of an answer. None of them heeds ranges: the file always comes from its beginning. */
export type BodyFault =
  /** The file ends after `bytes`, and the answer says so: a copy that was interrupted. */
  | { kind: 'truncated'; file: string; bytes: number }
  /** Right in length, wrong in one byte: no checksum of the index fits. */
  | { kind: 'corrupted'; file: string }
  /** The connection ends after `afterBytes` of a body that was announced whole. */
  | { kind: 'dropped'; file: string; afterBytes: number };

/**
 * The next release is being copied over this one. `first` is already that of the folder `next`: the indexes, which
 * then name packages that are not there, or all but the indexes, which then name packages that are gone.
 */
interface HalfPublished {
  kind: 'half-published';
  next: string;
  first: 'index' | 'packages';
}

/** What a fault makes of one request. */
export type FaultEffect =
  | { kind: 'none' | 'missing' }
  /** Look for the file elsewhere. */
  | { kind: 'elsewhere'; lookup: Lookup }
  | { kind: 'body'; fault: BodyFault };

/** Says of each request which fault meets it: the first of the list that applies and is not over. */
export class FaultPlan {
  private readonly faults: { fault: FeedFault; left: number; elsewhere: Lookup | undefined }[];

  private constructor(faults: FaultPlan['faults']) {
    this.faults = faults;
  }

  /** Throws HarnessError `feed-failed` where a folder cannot be read. */
  static async open(faults: readonly FeedFault[]): Promise<FaultPlan> {
    const open = async (fault: FeedFault) => ({
      fault,
      left: fault.times ?? Number.POSITIVE_INFINITY,
      elsewhere: fault.kind === 'half-published' ? await lookupBelow(fault.next) : undefined,
    });
    return new FaultPlan(await Promise.all(faults.map(open)));
  }

  /** Takes the next fault for a request of this path (`/all/Packages`). */
  take(path: string): FaultEffect {
    const found = this.faults.find(({ fault, left }) => left > 0 && applies(fault, path));
    if (found === undefined) return { kind: 'none' };
    found.left -= 1;
    if (found.elsewhere !== undefined) return { kind: 'elsewhere', lookup: found.elsewhere };
    if (found.fault.kind === 'index-missing' || found.fault.kind === 'half-published')
      return { kind: 'missing' };
    return { kind: 'body', fault: found.fault };
  }
}

function applies(fault: FeedFault, path: string): boolean {
  switch (fault.kind) {
    case 'index-missing':
      return isIndex(path) && (fault.feed === undefined || path.includes(`/${fault.feed}/`));
    case 'half-published':
      return isIndex(path) === (fault.first === 'index');
    case 'truncated':
    case 'corrupted':
    case 'dropped':
      return path.endsWith(`/${fault.file}`);
  }
}

/** The files that opkg and apt take for an index or its signature. */
function isIndex(path: string): boolean {
  return /^(Packages(\.\w+)?|(In)?Release(\.gpg)?)$/.test(basename(path));
}
