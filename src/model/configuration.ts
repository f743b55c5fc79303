import type { StepId } from './steps.ts';

/** What must be left of a file that the owner changed or made; each allows what those before it allow. */
export const editedPromises = ['preserved', 'merged', 'kept-somewhere'] as const;

/** What must become of a file that the owner deleted. */
export const deletedPromises = ['stay-deleted', 'may-return'] as const;

/** What an upgrade must do with the owner's files. */
export interface ConfigurationPromise {
  edited: (typeof editedPromises)[number];
  deleted: (typeof deletedPromises)[number];
}

/** Every file as the owner left it. */
export const everythingPreserved: ConfigurationPromise = { edited: 'preserved', deleted: 'stay-deleted' };

/**
 * What became of one path: a file, a link (its content is where it leads) or a folder. `preserved`: kind, content, mode and ownership as the owner left them, or still deleted.
 * `access changed`: the content that should be there, with another mode or owner, or other extended attributes. `kind changed`: the owner's
 * file is a link now, to one with the same bytes. `merged`: other bytes, with all of
 * the owner's changes in them. `replaced with copy`: what a package ships, and the owner's bytes whole in a named copy.
 * `damaged`: the same, but what is there instead is nobody's (empty, half, gone). `lost`: the owner's bytes are nowhere. `recreated`: back, though the owner had deleted it. Of a file that a package shipped and
 * the owner never changed: `default`, what the packages ship; `stale default`, what they shipped, though they ship
 * other content now.
 */
export type Fate =
  | 'preserved'
  | 'access changed'
  | 'kind changed'
  | 'merged'
  | 'replaced with copy'
  | 'damaged'
  | 'lost'
  | 'recreated'
  | 'default'
  | 'stale default';

/** A copy that lies beside a file. */
export interface CopyRecord {
  path: string;
  holds: 'what the owner had' | 'the new default' | 'the old default' | 'what is live' | 'something else';
  /** It appeared, and nobody needs it. */
  spurious: boolean;
}

/** One file of the owner's, before and after. */
export interface FileFate {
  path: string;
  /** What the owner did, and the packages: `edited, default changed`; only the first where nobody knows the second. */
  case: string;
  fate: Fate;
  /** Of what lay there and what does now, where one is no regular file: `link to /usr/share/zoneinfo/UTC`, `folder`. */
  kinds?: { owner: string; now: string };
  /** What could not be compared. */
  note?: string;
  /** The first 12 digits of each content's SHA-256, or `absent`. What nobody knows is left out. */
  digests: { owner: string; shippedBefore?: string; shippedNow?: string; now: string };
  /** What the owner had and what is there now, where these differ and both are short text; of no file: nothing. */
  texts?: { owner: string; now: string };
  /** Where the owner's bytes are, if not in the file itself. */
  copy?: string;
  copies: CopyRecord[];
}

/** What became of the owner's files by one step of a path. */
export interface ConfigurationTable {
  /** The step that decides about them. */
  id: StepId;
  /** The same for people: `1.0->1.1 configuration`. */
  check: string;
  files: FileFate[];
}
