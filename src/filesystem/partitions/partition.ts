/** One partition of a disk. */
export interface Partition {
  /** As Linux counts them: the first entry of the table is 1, the first logical partition of an MBR 5. */
  index: number;
  /** Empty where the table has no names. */
  name: string;
  /** Upper-case GUID of the type; for a table of the MBR `MBR-83`, the type in hexadecimal. */
  typeGuid: string;
  /** In bytes from the start of the disk. */
  offset: number;
  bytes: number;
}

/** Bytes that a partition table takes for itself. */
export interface TableArea {
  /** `EBR`: an extended boot record, which names a logical partition. */
  format: 'GPT' | 'MBR' | 'EBR';
  /** In bytes from the start of the disk. */
  offset: number;
  bytes: number;
}

/** What a disk's partition table says, and where it stands. All are empty where there is none. */
export interface PartitionTable {
  partitions: Partition[];
  areas: TableArea[];
  /** Which of two copies could not be read: both, where there are no partitions. */
  unreadable: ('primary' | 'backup')[];
  /** What the table has and the disk does not: partitions that end beyond it. */
  outside: Partition[];
}
