/** One partition of a disk. */
export interface Partition {
  /** As Linux counts them: the first entry of the table is 1. */
  index: number;
  /** Empty where the table has no names. */
  name: string;
  /** Upper-case GUID of the type; for a table of the MBR `MBR-83`, the type in hexadecimal. */
  typeGuid: string;
  /** In bytes from the start of the disk. */
  offset: number;
  bytes: number;
}
