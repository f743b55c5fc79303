import {
  environmentChanges,
  firmwareChanges,
  listText,
  tableChanges,
} from '../filesystem/changed-settings.ts';
import { directoryChanges } from '../filesystem/fat/directory-changes.ts';
import { volumesOf } from '../filesystem/partitions/volumes.ts';
import type { Place } from '../filesystem/place.ts';
import { volumeHeaderBytes, volumeLayout } from '../filesystem/uefi/volume.ts';
import { type DiskView, partView, readInside } from '../filesystem/view.ts';
import { type LogRecord, sectorBytes } from '../writelog/log.ts';
import { disksAt, type LoggedDisks } from './logged-disks.ts';
import { pieceChanges } from './named-contents.ts';

/** Bytes of a boot loader's environment; nobody has a larger one. */
const mostEnvironmentBytes = 1 << 20;

/** What changes in a directory of FAT, which has no journal that says so. */
function fatChanges(place: Place, before: DiskView, after: DiskView): string[] {
  const { content, filesystem } = place;
  if (content.kind !== 'directory' || filesystem?.startsWith('fat') !== true) return [];
  const [old, now] = [before, after].map((view) => volumeAround(place, view));
  return old === undefined || now === undefined ? [] : directoryChanges(old, now, content.path);
}

/** What changes in a file whose content is known. */
function fileContentChanges(place: Place, before: DiskView, after: DiskView): string[] {
  const volume = volumeAround(place, before);
  return volume === undefined
    ? []
    : pieceChanges(place, volume, readInside(after, place.offset, place.bytes));
}

function volumeAround({ offset }: Place, view: DiskView): DiskView | undefined {
  const volume = volumesOf(view).find((one) => offset >= one.offset && offset < one.offset + one.bytes);
  return volume && partView(view, volume.offset, volume.bytes);
}

/**
 * What a write changes where places alone say little: variables of a boot loader, partitions, UEFI variables, names in a
 * directory of FAT, packages, branches of OSTree. In the words of who uses them; undefined where it is none of these.
 */
export class WriteEffects {
  private readonly disks: LoggedDisks;

  constructor(disks: LoggedDisks) {
    this.disks = disks;
  }

  /** Of a write that went to these places. */
  of(record: LogRecord, places: readonly Place[]): string | undefined {
    const { disk, sector, count, issued } = record;
    const [before, after] = [issued, issued + 1].map((moment) => disksAt(this.disks, moment)[disk]);
    if (before === undefined || after === undefined) return undefined;
    const firmware = this.firmware(disk, before, after);
    if (firmware !== undefined) return `UEFI variable ${firmware}`;
    if (places.some(({ content }) => content.kind === 'partition-table')) return tableChanges(before, after);
    const names = places.flatMap((place) => fatChanges(place, before, after));
    if (names.length > 0) return listText(names);
    const contents = places.flatMap((place) => fileContentChanges(place, before, after));
    if (contents.length > 0) return `sets ${listText(contents)}`;
    const [start, bytes] = [sector * sectorBytes, count * sectorBytes];
    if (bytes > mostEnvironmentBytes) return undefined;
    const read = (view: DiskView, length: number) => readInside(view, start, length);
    // A file's last block is longer than the file: both lengths may be the environment's.
    const lengths = [bytes, ...places.flatMap((place) => (place.offset === start ? place.bytes : []))];
    for (const length of new Set(lengths)) {
      const changes = environmentChanges(read(before, length), read(after, length));
      if (changes !== undefined) return `sets ${changes}`;
    }
    return undefined;
  }

  /** Flash that the firmware keeps its variables in is written through, and begins with their volume. */
  private firmware(disk: number, before: DiskView, after: DiskView): string | undefined {
    if (this.disks.log.disks[disk]?.cache !== 'writethrough') return undefined;
    const header = after.read(0, Math.min(after.bytes, volumeHeaderBytes));
    const layout = volumeLayout(header, after.bytes);
    if (layout === undefined) return undefined;
    return firmwareChanges(readInside(before, 0, layout.bytes), readInside(after, 0, layout.bytes));
  }
}
