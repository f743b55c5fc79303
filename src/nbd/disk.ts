/**
 * A block device in layers: each layer holds the `next` one and passes on what it does not change.
 * Offsets and lengths are bytes and lie within `bytes` (the NBD server checks before it calls).
 * Errors: a NodeJS.ErrnoException keeps its code (ENOSPC reaches the guest as such); anything else is EIO.
 */
export interface Disk {
  /** Size, a multiple of 512. */
  readonly bytes: number;
  read(offset: number, length: number): Promise<Buffer>;
  /** Takes effect in the order of the calls, before the first await of the caller. */
  write(offset: number, data: Buffer, fua: boolean): Promise<void>;
  zero(offset: number, length: number, fua: boolean): Promise<void>;
  trim(offset: number, length: number, fua: boolean): Promise<void>;
  flush(): Promise<void>;
}
