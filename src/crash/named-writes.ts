import { describePlace } from '../filesystem/disk-map.ts';
import { emptyFiles } from '../filesystem/ext4/empty-files.ts';
import type { ByteRange } from '../filesystem/ext4/map.ts';
import { volumesOf } from '../filesystem/partitions/volumes.ts';
import { type Place, printable } from '../filesystem/place.ts';
import { type DiskView, partView } from '../filesystem/view.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import { type LogRecord, sectorBytes, type WriteLog } from '../writelog/log.ts';
import { type Window, windowsOf } from '../writelog/windows.ts';
import { JournalCommits } from './journal-commits.ts';
import { disksAt, type LoggedDisks } from './logged-disks.ts';
import { WriteEffects } from './write-effects.ts';

/** A file that a cut leaves empty, in words. */
export interface NamedEmptyFile {
  path: string;
  laterBytes: number;
  /** Whether it had a content before; else its name is new. */
  emptied: boolean;
  /** `data: /app/2.0 (0 of 4906 bytes)`. */
  place: string;
  /** The write after the cut that begins its later content; undefined if the log has none. */
  filledBy: number | undefined;
}

/** Files that keep what went on: no device breaks for want of them. `/var` may be a file system of its own. */
const isLog = /^(?:\/var)?\/log\//;

/** Names the writes of a log by where they went, for reasons. */
export class NamedWrites {
  private readonly log: WriteLog;
  private readonly phases: readonly Window[];
  /** What to say outside of all windows: a log without marks is that of one boot. */
  private readonly fallback: string;
  /** With every write up to the cut, up to the end of its phase, and with every write of the log. */
  private readonly views: readonly (readonly DiskView[])[];
  private readonly commits: JournalCommits;
  private readonly disks: LoggedDisks;
  private readonly effects: WriteEffects;
  /** By the position of a write in the log. */
  private readonly known = new Map<number, string | undefined>();
  private readonly numbers = new Map<number, number>();

  /** `state`, `window`: of the failure whose reason is sought. */
  constructor(
    disks: LoggedDisks,
    { state: { at }, window }: { state: Pick<CrashState, 'at'>; window: Pick<Window, 'phase' | 'to'> },
  ) {
    const { log } = disks;
    this.log = log;
    this.disks = disks;
    this.phases = windowsOf(log);
    this.fallback = this.phases.length === 0 ? window.phase : 'before';
    this.views = [at, window.to, log.now].map((moment) => disksAt(disks, moment));
    this.commits = new JournalCommits(disks);
    this.effects = new WriteEffects(disks);
    for (const { kind, seq } of log.records)
      if (kind !== 'flush') this.numbers.set(seq, this.numbers.size + 1);
  }

  /** How many sectors a write has. */
  sectors(seq: number): number {
    return this.log.records[seq]?.count ?? 0;
  }

  /** The write's number, counted from 1 as people do. */
  number(seq: number): number {
    return this.numbers.get(seq) ?? 0;
  }

  /** `write 41 of install (data: /state (inode 17, bytes 0-4095))`. */
  name(seq: number): string {
    const [first = 'nowhere', second, ...rest] = this.of(seq);
    const places = [
      first,
      ...(rest.length === 0 ? [second ?? []].flat() : [`${rest.length + 1} more places`]),
    ];
    const effect = this.effectOf(seq);
    return `${this.numbered(seq)} (${places.join('; ')}${effect === undefined ? '' : `: ${effect}`})`;
  }

  /** What it sets, where that says more than its place. */
  private effectOf(seq: number): string | undefined {
    const record = this.log.records[seq];
    if (record === undefined) return undefined;
    if (!this.known.has(seq)) {
      const found = this.effects.of(record, this.placesOf(record));
      this.known.set(seq, found === undefined ? undefined : printable(found));
    }
    return this.known.get(seq);
  }

  /** `write 41 of install`. */
  numbered(seq: number): string {
    return `write ${this.number(seq)} of ${this.phaseOf(seq)}`;
  }

  /** What the device was doing when it issued a write. */
  private phaseOf(seq: number): string {
    const issued = this.log.records[seq]?.issued ?? 0;
    return this.phases.find(({ from, to }) => issued >= from && issued < to)?.phase ?? this.fallback;
  }

  /** Where a write went: files, directories, tables; of a journal, what the commit does; on flash, which sectors. */
  of(seq: number): string[] {
    const record = this.log.records[seq];
    if (record === undefined) return [];
    const id = this.log.disks[record.disk]?.id ?? '';
    const commits = this.commits.namesOf(seq);
    const texts = this.placesOf(record).flatMap(({ text, partition, content }) => {
      if (partition === undefined) return [`${id}: ${text}`];
      if (content.kind !== 'journal' || commits.length === 0) return [text];
      return commits.map((commit) => `${printable(partition)}: ${commit}`);
    });
    return [...new Set(texts)];
  }

  /** The write that ends the first commit of a journal after a window; undefined where there is none. */
  nextCommit({ to }: Pick<Window, 'to'>): number | undefined {
    return this.commits.firstEnded(to);
  }

  private placesOf({ disk, sector, count }: LogRecord): Place[] {
    const [start, length] = [sector * sectorBytes, count * sectorBytes];
    const found = this.views.map((views) => {
      const view = views[disk];
      return view === undefined ? [] : describePlace(view, start, length);
    });
    // What is free at the cut may belong to a file later: delayed allocation, or a rename to come.
    return found.find((places) => places.some(({ content }) => content.kind !== 'free')) ?? found[0] ?? [];
  }

  /** Files of ext4, logs left out, that are empty after a write and not before its phase, and have a content at the end of the log. */
  emptyAfter(seq: number, { from }: Pick<Window, 'from'>): NamedEmptyFile[] {
    const cut = (this.log.records[seq]?.issued ?? 0) + 1;
    const [before = [], now = [], later = []] = [from, cut, this.log.now].map((moment) =>
      disksAt(this.disks, moment),
    );
    return this.disks.bases.flatMap((base, disk) =>
      volumesOf(base).flatMap(({ offset, bytes, name, index }) => {
        const part = (views: readonly DiskView[]) => partView(views[disk] ?? base, offset, bytes);
        const found = emptyFiles({ before: part(before), now: part(now), later: part(later) });
        const partition = printable(name === '' ? `partition ${index}` : name);
        const blamed = found.filter(({ path }) => !isLog.test(path));
        return blamed.map(({ path, laterBytes, emptied, laterPlaces }) => ({
          path: printable(path),
          laterBytes,
          emptied,
          place: `${partition}: ${printable(path)} (0 of ${laterBytes} bytes)`,
          filledBy: this.firstTo(disk, laterPlaces, { offset, cut }),
        }));
      }),
    );
  }

  /** The first write issued after a cut to one of these places of a volume. */
  private firstTo(
    disk: number,
    places: readonly ByteRange[],
    { offset, cut }: { offset: number; cut: number },
  ): number | undefined {
    return this.log.records.find(
      ({ kind, disk: its, issued, sector, count }) =>
        kind !== 'flush' &&
        its === disk &&
        issued >= cut &&
        places.some(
          (place) =>
            sector * sectorBytes < offset + place.offset + place.bytes &&
            (sector + count) * sectorBytes > offset + place.offset,
        ),
    )?.seq;
  }

  /** The latest write that is there although it was not flushed either. */
  lastKept(state: CrashState, lost: readonly number[]): LogRecord | undefined {
    const issued = this.log.records.filter(({ kind, issued: at }) => kind !== 'flush' && at < state.at);
    return issued.findLast(({ seq }) => !lost.includes(seq));
  }
}
