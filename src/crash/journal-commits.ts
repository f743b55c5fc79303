import { listText } from '../filesystem/changed-settings.ts';
import { type FileChange, fileChanges } from '../filesystem/ext4/commit-changes.ts';
import { type Commit, CommitReader, type JournaledContent } from '../filesystem/ext4/commit-reader.ts';
import { journalGeometry } from '../filesystem/ext4/journal-geometry.ts';
import { journalMagic } from '../filesystem/ext4/journal-head.ts';
import { unlessMalformed } from '../filesystem/malformed.ts';
import { volumesOf } from '../filesystem/partitions/volumes.ts';
import { printable } from '../filesystem/place.ts';
import { type DiskView, partView } from '../filesystem/view.ts';
import { type LogRecord, sectorBytes } from '../writelog/log.ts';
import { disksAt, type LoggedDisks } from './logged-disks.ts';
import { contentChanges } from './named-contents.ts';

/** Changes that one commit's name has. */
const mostChanges = 4;
/** Commits whose changes are read: each walks a file system twice. */
const mostRead = 40;

/** A file system with a journal. */
interface Volume {
  disk: number;
  /** In bytes. */
  offset: number;
  bytes: number;
  blockBytes: number;
  /** The journal's first block. */
  head: number | undefined;
  reader: CommitReader;
  /** Which write each block of the journal has its content from. */
  writers: Map<number, number>;
}

/** A transaction as a log has it. */
interface LoggedCommit extends Commit {
  volume: Volume;
  /** The moment of its first write. */
  began: number;
  /** The write with its last block. */
  last: number;
  text: string | undefined;
}

/**
 * The transactions that a log wrote to the journals of ext4 file systems: which writes they are made of, and what they
 * do to which files. That alone says what a write to a journal is; where it went does not.
 */
export class JournalCommits {
  private readonly disks: LoggedDisks;
  /** By the position of a write in the log, in the order in which they were committed. */
  private readonly byWrite = new Map<number, LoggedCommit[]>();
  /** The writes of the journals' first blocks. */
  private readonly heads = new Set<number>();
  private read = 0;

  constructor(disks: LoggedDisks) {
    this.disks = disks;
    const volumes = this.volumes();
    for (const record of disks.log.records)
      if (record.kind === 'write')
        for (const volume of volumes) if (volume.disk === record.disk) this.follow(volume, record);
  }

  /**
   * What a write to a journal is, for people: `journal commit 214: the rename of /etc/hosts.new to /etc/hosts`. Empty
   * where it has nothing of any transaction that came to its end.
   */
  namesOf(seq: number): string[] {
    return this.commitsOf(seq, (commit) => this.changesOf(commit));
  }

  /** The same without what the commits change, which costs reading: `journal commit 214`. */
  numbersOf(seq: number): string[] {
    return this.commitsOf(seq, () => '');
  }

  /** The write that ends the first commit whose end was issued at this moment or later; undefined where there is none. */
  firstEnded(moment: number): number | undefined {
    const { records } = this.disks.log;
    return records.find(
      ({ seq, issued }) =>
        issued >= moment && this.byWrite.get(seq)?.some(({ last }) => last === seq) === true,
    )?.seq;
  }

  private commitsOf(seq: number, changes: (commit: LoggedCommit) => string): string[] {
    if (this.heads.has(seq)) return ['journal superblock'];
    return (this.byWrite.get(seq) ?? []).map((commit) => {
      const part = commit.last === seq ? '' : 'part of ';
      return `${part}journal commit ${commit.sequence}${changes(commit)}`;
    });
  }

  private volumes(): Volume[] {
    const { bases, arena } = this.disks;
    return bases.flatMap((base, disk) =>
      volumesOf(base).flatMap(({ offset, bytes }) => {
        const view = partView(base, offset, bytes);
        const geometry = journalGeometry(view);
        if (geometry?.kind !== 'journal') return [];
        const { blockBytes } = geometry;
        const contentAt = (place: number) => arena.read(place, blockBytes / sectorBytes);
        const reader = unlessMalformed(
          () => new CommitReader(view, geometry, contentAt),
          () => undefined,
        );
        if (reader === undefined) return [];
        const [head] = geometry.blocks;
        return [{ disk, offset, bytes, blockBytes, head, reader, writers: new Map<number, number>() }];
      }),
    );
  }

  /** Gives the journal's blocks of a write to the reader, whole blocks alone. */
  private follow(volume: Volume, { seq, sector, count, arena }: LogRecord): void {
    const sectors = volume.blockBytes / sectorBytes;
    const start = sector - volume.offset / sectorBytes;
    const first = Math.ceil(start / sectors);
    const end = Math.floor((start + count) / sectors);
    for (let block = first; block < end; block += 1) {
      if (!volume.reader.isJournal(block)) continue;
      if (block === volume.head) this.heads.add(seq);
      volume.writers.set(block, seq);
      const commit = unlessMalformed(
        () => volume.reader.write(block, arena + block * sectors - start),
        () => undefined,
      );
      if (commit !== undefined) this.note(volume, commit, seq);
    }
  }

  private note(volume: Volume, commit: Commit, last: number): void {
    const writes = [...new Set(commit.journalBlocks.map((block) => volume.writers.get(block) ?? last))];
    const began = Math.min(...writes.map((seq) => this.disks.log.records[seq]?.issued ?? 0));
    const logged: LoggedCommit = { ...commit, volume, began, last, text: undefined };
    for (const seq of writes) this.byWrite.set(seq, [...(this.byWrite.get(seq) ?? []), logged]);
  }

  private changesOf(commit: LoggedCommit): string {
    if (commit.text === undefined && this.read < mostRead) {
      this.read += 1;
      commit.text = this.readChanges(commit);
    }
    return commit.text ?? '';
  }

  private readChanges({ volume, began, last, writes }: LoggedCommit): string {
    const ended = (this.disks.log.records[last]?.issued ?? 0) + 1;
    const [before, after] = [began, ended].map((moment) => this.volumeAt(volume, moment));
    if (before === undefined || after === undefined) return '';
    const contents = new Map([...writes].map(([block, content]) => [block, this.contentOf(volume, content)]));
    const changes = fileChanges(before, contents);
    if (changes.length === 0) return '';
    const shown = changes.slice(0, mostChanges).map((change) => {
      const sets = contentChanges(change.path, before, after);
      return `${changeText(change)}${sets.length === 0 ? '' : ` (sets ${listText(sets)})`}`;
    });
    const more = changes.length > mostChanges ? [`${changes.length - mostChanges} more`] : [];
    return `: ${printable([...shown, ...more].join(', '))}`;
  }

  private volumeAt({ disk, offset, bytes }: Volume, moment: number): DiskView | undefined {
    const view = disksAt(this.disks, moment)[disk];
    return view && partView(view, offset, bytes);
  }

  private contentOf({ blockBytes }: Volume, { place, escaped }: JournaledContent): Buffer {
    const content = this.disks.arena.read(place, blockBytes / sectorBytes);
    if (escaped) content.writeUInt32BE(journalMagic, 0);
    return content;
  }
}

function changeText(change: FileChange): string {
  switch (change.kind) {
    case 'renamed':
      return `the rename of ${change.from} to ${change.path}${linkText(change)}`;
    case 'made':
      return `the new name ${change.path}${linkText(change)}`;
    case 'removed':
      return `the removal of ${change.path}`;
    case 'orphaned':
      return `${change.path} as an orphan, which the next mount frees`;
    case 'resized':
      return `the size of ${change.path} (${change.from} to ${change.to} bytes)`;
    case 'mode':
      return `the mode of ${change.path}`;
    case 'owner':
      return `the owner of ${change.path}`;
    case 'inode':
      return `the inode of ${change.path}`;
    case 'attributes':
      return `the extended attributes of ${change.path}`;
    case 'block-list':
      return `the block list of ${change.path}`;
  }
}

function linkText({ link }: { link?: string }): string {
  return link === undefined ? '' : `, a link to ${link}`;
}
