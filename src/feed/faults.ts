import { basename } from 'node:path';

/**
 * What may go wrong with a feed while a device reads it. `file`s are the ends of URL paths: `a_1.0_all.ipk`,
 * `all/Packages.gz`.
 */
export type FeedFault = Limited & (IndexMissing | FileMissing | BodyFault | HalfPublished);

interface Limited {
  /** How many requests meet it; then it is over. Default: all. */
  times?: number;
}

/** Every index file is answered with 404; of one feed only (`all`) where it is named. */
interface IndexMissing {
  kind: 'index-missing';
  feed?: string;
}

/** A file is answered with 404. */
interface FileMissing {
  kind: 'missing';
  file: string;
}

/** What is wrong with a file; ranges of it are answered accordingly. */
export type BodyFault =
  /** The file ends after `bytes`, and the answer says so: a copy that was interrupted. */
  | { kind: 'truncated'; file: string; bytes: number }
  /** Right in length, wrong in the byte `at` (default: in the middle): no checksum of the index fits. */
  | { kind: 'corrupted'; file: string; at?: number }
  /** The connection ends before the byte `afterBytes` of the file, in each answer that has it, and in no other. */
  | { kind: 'dropped'; file: string; afterBytes: number }
  /** Nothing more is sent from the byte `afterBytes` on, and the connection stays. */
  | { kind: 'stalled'; file: string; afterBytes: number }
  /** From the byte `afterBytes` on so many bytes are sent in each second. */
  | { kind: 'slow'; file: string; afterBytes: number; bytesPerSecond: number }
  /** `dropped`, once; from then on it has the content of the URL path `other`. */
  | { kind: 'changed'; file: string; afterBytes: number; other: string };

/**
 * A release is being copied over the one before: of the files below the folder `release`, the indexes, or all but the
 * indexes, are still those of the folder `before`. Indexes then name packages that are not there yet, or that are gone.
 */
interface HalfPublished {
  kind: 'half-published';
  /** Both as in a URL, without slashes at the ends: `2.0/feed`. */
  release: string;
  before: string;
  still: 'index' | 'packages';
}

/** What a fault makes of one request. */
export type FaultEffect =
  | { kind: 'none' | 'missing' }
  /** As if this path had been asked for. */
  | { kind: 'elsewhere'; path: string }
  | { kind: 'body'; fault: BodyFault };

/** Says of each request which fault meets it: the first of the list that applies and is not over. */
export class FaultPlan {
  /** Answers that a fault has changed so far. */
  met = 0;
  private readonly faults: { fault: FeedFault; left: number }[];
  private readonly changed = new Set<FeedFault>();

  constructor(faults: readonly FeedFault[]) {
    this.faults = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
  }

  /** Takes the next fault for a request of this path (`/all/Packages`). One of a body is met when it is sent. */
  take(path: string): FaultEffect {
    const found = this.faults.find(({ fault, left }) => left > 0 && applies(fault, path));
    if (found === undefined) return { kind: 'none' };
    found.left -= 1;
    const { fault } = found;
    switch (fault.kind) {
      case 'changed':
        if (this.changed.has(fault)) return { kind: 'elsewhere', path: fault.other };
        return { kind: 'body', fault };
      case 'truncated':
      case 'corrupted':
      case 'dropped':
      case 'stalled':
      case 'slow':
        return { kind: 'body', fault };
      case 'index-missing':
      case 'missing':
        this.met += 1;
        return { kind: 'missing' };
      case 'half-published':
        this.met += 1;
        return { kind: 'elsewhere', path: `/${fault.before}${path.slice(fault.release.length + 1)}` };
    }
  }

  /** A client was given what is wrong with a body. */
  meet(fault: BodyFault): void {
    this.met += 1;
    if (fault.kind === 'changed') this.changed.add(fault);
  }
}

function applies(fault: FeedFault, path: string): boolean {
  switch (fault.kind) {
    case 'index-missing':
      return isIndex(path) && (fault.feed === undefined || path.includes(`/${fault.feed}/`));
    case 'half-published':
      return path.startsWith(`/${fault.release}/`) && isIndex(path) === (fault.still === 'index');
    case 'missing':
    case 'truncated':
    case 'corrupted':
    case 'dropped':
    case 'stalled':
    case 'slow':
    case 'changed':
      return path.endsWith(`/${fault.file}`);
  }
}

/** The files that opkg, apt and dnf take for an index or its signature. */
export function isIndex(path: string): boolean {
  return (
    /^(Packages(\.\w+)?|(In)?Release(\.gpg)?)$/.test(basename(path)) || /(^|\/)repodata\/[^/]+$/.test(path)
  );
}
