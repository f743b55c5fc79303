/** A sector that still has the base image's content. */
export const fromBase = -1;
/** A sector that reads as zeros. */
export const zeroed = -2;

/**
 * Where each sector of a disk comes from: `fromBase`, `zeroed`, or (0 or more) the sector's position in
 * an arena. Four bytes a sector, so that a whole disk state is a plain array and no image is written.
 */
export type SectorMap = Int32Array;

/** A map of `sectors` sectors that all come from the base image. */
export function emptyMap(sectors: number): SectorMap {
  return new Int32Array(sectors).fill(fromBase);
}

/** Lets `count` sectors from `sector` on come from consecutive arena positions starting at `arena`. */
export function mapToArena(map: SectorMap, sector: number, count: number, arena: number): void {
  for (let i = 0; i < count; i += 1) map[sector + i] = arena + i;
}
