import { describePlace } from '../filesystem/disk-map.ts';
import type { DiskView } from '../filesystem/view.ts';
import { type LogRecord, sectorBytes } from '../writelog/log.ts';

/** Names the kind of place that a write went to: equal words for writes that an updater makes for the same purpose. */
export type PlaceOf = (record: LogRecord) => string;

/**
 * Places by disk, partition and what lay there before the log began: `1 data journal`, `0 slot-b raw`. A file that the
 * log itself makes counts as free space. `views`: by position in the log, the disks before the log began.
 */
export function placesBefore(views: readonly DiskView[]): PlaceOf {
  return ({ disk, sector }) => {
    const view = views[disk];
    const [place] = view === undefined ? [] : describePlace(view, sector * sectorBytes, sectorBytes);
    return `${disk} ${place?.partition ?? ''} ${place?.content.kind ?? ''}`;
  };
}
