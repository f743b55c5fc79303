import { sha256 } from '../core/digest.ts';

/** A file as the packages of a release ship it. */
export interface ShippedFile {
  /** Lower-case hex. */
  sha256: string;
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

/** Whether this is the content that is shipped. */
export function isShipped(shipping: Shipping, content: Buffer | undefined): boolean {
  return content !== undefined && typeof shipping === 'object' && shipping.sha256 === sha256(content);
}
