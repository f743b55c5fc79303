const sectorBytes = 512;

/** An entry of a boot record; `start` counts from where its kind of record says. */
export interface MbrEntry {
  type: number;
  start: number;
  sectors: number;
}

/** A disk of this many sectors with these boot records, by the sector that they are in. */
export function smallMbr(sectors: number, records: Readonly<Record<number, readonly MbrEntry[]>>): Buffer {
  const disk = Buffer.alloc(sectors * sectorBytes);
  for (const [sector, entries] of Object.entries(records)) {
    const record = disk.subarray(Number(sector) * sectorBytes, (Number(sector) + 1) * sectorBytes);
    record.writeUInt16LE(0xaa55, 510);
    for (const [i, { type, start, sectors: count }] of entries.entries()) {
      record.writeUInt8(type, 446 + i * 16 + 4);
      record.writeUInt32LE(start, 446 + i * 16 + 8);
      record.writeUInt32LE(count, 446 + i * 16 + 12);
    }
  }
  return disk;
}
