import type { DiskView } from '../view.ts';
import { partitionTable } from './gpt.ts';
import type { Partition } from './partition.ts';

/**
 * Where file systems may lie: the disk's partitions, or all of a disk that has none, as `root=/dev/vda` takes it.
 * Partitions that overlap are left out, for nobody can say which of them a block belongs to.
 */
export function volumesOf(view: DiskView): Partition[] {
  const { partitions } = partitionTable(view);
  if (partitions.length === 0) return [wholeDisk(view)];
  return partitions.filter((one) => !partitions.some((other) => other !== one && overlap(one, other)));
}

/** A disk without a partition table, as one volume. */
export function wholeDisk(view: DiskView): Partition {
  return { index: 0, name: 'disk', typeGuid: '', offset: 0, bytes: view.bytes };
}

function overlap(one: Partition, other: Partition): boolean {
  return one.offset < other.offset + other.bytes && other.offset < one.offset + one.bytes;
}
