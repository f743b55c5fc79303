import type { SectorMap } from '../writelog/sector-map.ts';
import type { Arena } from './arena.ts';
import { type Disk, refuseWrite } from './disk.ts';
import { type MappedSource, readMapped } from './mapped-read.ts';

/** A disk in one given state, for reading: this is how a crash state is presented without making an image. */
export class MappedDisk implements Disk {
  readonly bytes: number;
  readonly readOnly = true;
  private readonly source: MappedSource;

  constructor(next: Disk, map: SectorMap, arena: Arena) {
    this.bytes = next.bytes;
    this.source = { next, map, arena };
  }

  read(offset: number, length: number): Promise<Buffer> {
    return readMapped(this.source, offset, length);
  }

  write(): Promise<void> {
    return refuseWrite('a crash state');
  }

  zero(): Promise<void> {
    return refuseWrite('a crash state');
  }

  trim(): Promise<void> {
    return refuseWrite('a crash state');
  }

  async flush(): Promise<void> {
    // Nothing is ever written.
  }
}
