/** A file system with a journal on a disk, in the disk's sectors. */
export interface Journaled {
  /** Its first sector, and the one after its last. */
  first: number;
  end: number;
  /** Where its journal begins. */
  journal: number;
}
