/** One of several workers that decide the crash states of the same recordings; `index` counts from 1. */
export interface Shard {
  index: number;
  count: number;
}

/** `part 2 of 4` */
export function shardText({ index, count }: Shard): string {
  return `part ${index} of ${count}`;
}
