/**
 * A block device in layers: each layer holds the `next` one and passes on what it does not change.
 * Offsets and lengths are bytes and lie within `bytes` (the NBD server checks before it calls).
 * Errors: a NodeJS.ErrnoException keeps its code (ENOSPC reaches the guest as such); anything else is EIO.
 */
export interface Disk {
  /** Size, a multiple of 512. */
  readonly bytes: number;
  /** True where every write fails; clients are told so. */
  readonly readOnly?: boolean;
  read(offset: number, length: number): Promise<Buffer>;
  /**
   * Takes effect in the order of the calls, before the first await of the caller. `data` belongs to
   * the disk until the promise settles; after that the caller may use the memory again.
   */
  write(offset: number, data: Buffer, fua: boolean): Promise<void>;
  zero(offset: number, length: number, fua: boolean): Promise<void>;
  trim(offset: number, length: number, fua: boolean): Promise<void>;
  flush(): Promise<void>;
}

/** A disk's own refusal, with the errno name that the client is told. */
export class DiskError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'DiskError';
    this.code = code;
  }
}

/** What a disk that cannot be written answers to a write. */
export function refuseWrite(what: string): Promise<never> {
  return Promise.reject(new DiskError('EPERM', `${what} is read-only`));
}
