import { describePlace } from '../filesystem/disk-map.ts';
import { regionsOf } from '../filesystem/place.ts';
import type { DiskView } from '../filesystem/view.ts';
import { sectorBytes, type WriteLog } from '../writelog/log.ts';

/** Names the places that devices write to, by what lies there in one state of their disks. */
export class WrittenPlaces {
  private readonly disks: readonly { id: string; view: DiskView }[];

  constructor(disks: readonly { id: string; view: DiskView }[]) {
    this.disks = disks;
  }

  /** What was written before a moment of a log: each place once, in the order of the alphabet. */
  before(log: WriteLog, moment: number): string[] {
    const places = new Set<string>();
    for (const { kind, issued, disk, sector, count } of log.records) {
      const on = this.disks[disk];
      if (kind === 'flush' || issued >= moment || on === undefined) continue;
      for (const place of describePlace(on.view, sector * sectorBytes, count * sectorBytes))
        for (const region of regionsOf(place)) places.add(`${on.id}: ${region}`);
    }
    return [...places].sort();
  }
}
