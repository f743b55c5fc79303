import { sha256 } from '../core/digest.ts';
import type { FileState } from './observation.ts';

/** A file or a link as the packages of a release ship it. */
export interface ShippedFile {
  /** Of the content, or of a link's target; lower-case hex. */
  sha256: string;
  /** Absent: a regular file. */
  kind?: 'link';
  /** Only where somebody kept it. */
  content?: Buffer;
  /** Permission bits, owner and group, as in FileState; only where somebody knows them. */
  access?: string;
  /** Whether its package lists it as one. */
  conffile: boolean;
}

/** What the packages of one release ship at a path; undefined where none has such a file. */
export type Shipped = (path: string) => ShippedFile | undefined;

/** What is known of what is shipped at a path. */
export type Shipping = ShippedFile | 'nothing' | 'unknown';

/** What a release ships at a path, if anybody knows what it ships. */
export function shippingOf(shipped: Shipped | undefined, path: string): Shipping {
  return shipped === undefined ? 'unknown' : (shipped(path) ?? 'nothing');
}

/** Whether this is what is shipped: of the same kind, with the same content. */
export function isShipped(
  shipping: Shipping,
  { kind, content }: Pick<FileState, 'kind' | 'content'>,
): boolean {
  if (content === undefined || typeof shipping !== 'object') return false;
  return shipping.kind === kind && shipping.sha256 === sha256(content);
}
