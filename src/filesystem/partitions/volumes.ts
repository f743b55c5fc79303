import type { DiskView } from '../view.ts';
import { partitionsOf } from './gpt.ts';
import type { Partition } from './partition.ts';

/** Where file systems may lie: the disk's partitions, or all of a disk that has none, as `root=/dev/vda` takes it. */
export function volumesOf(view: DiskView): Partition[] {
  const found = partitionsOf(view);
  if (found.length > 0) return found;
  return [{ index: 0, name: 'disk', typeGuid: '', offset: 0, bytes: view.bytes }];
}
