/**
 * What goes on in the guest beside a recorded upgrade, so that journals commit and caches are written at other moments.
 * `commits`: another program fsyncs a small file at seeded moments. `writeback`: caches are written back early, and
 * journals commit each second. `load`: the processor and the disks have other work, at seeded moments. `sync`: file systems
 * are mounted with it, so that each change is committed before the next one.
 */
export const disturbances = ['commits', 'writeback', 'load', 'sync'] as const;
export type Disturbance = (typeof disturbances)[number];

/** Which of several recordings of a path; the first, which nothing disturbs, has none. */
export interface RecordingVariant {
  /** From 2 on: what is seeded is seeded with it. */
  number: number;
  by?: Disturbance;
}

/** What a scenario says of recordings. */
export interface RecordingsAsked {
  /** Of each path; absent: 1. */
  recordings?: number;
  /** What disturbs those after the first, in turns; absent: nothing. */
  disturb?: Disturbance[];
}

/** The recordings of a path after the first. */
export function variantsOf({ recordings = 1, disturb = [] }: RecordingsAsked): RecordingVariant[] {
  return Array.from({ length: recordings - 1 }, (_, i) => {
    const by = disturb[i % disturb.length];
    return { number: i + 2, ...(by === undefined ? {} : { by }) };
  });
}

/** `recording 2, disturbed by commits`. */
export function variantText({ number, by }: RecordingVariant): string {
  return `recording ${number}${by === undefined ? '' : `, disturbed by ${by}`}`;
}
