import { hash } from 'node:crypto';
import type { DiskView } from '../filesystem/view.ts';
import { sectorBytes } from '../writelog/log.ts';
import { IntList } from './int-list.ts';
import { RowIndex } from './row-index.ts';

/** 32-bit words of a SHA-1 digest. */
const digestWords = 5;
/** Sectors hashed at a time. */
const chunkSectors = 2048;
const zeroSector = Buffer.alloc(sectorBytes);

/** What the guest wrote, one sector after the other. */
export interface WrittenSectors {
  readonly sectors: number;
  read(sector: number, count: number): Buffer;
}

/** Numbers the contents of sectors, so that equal ones (by SHA-1) are equal numbers. Number 0 is all zeros. */
export class Contents {
  private readonly written: WrittenSectors;
  private readonly bases: readonly DiskView[];
  private readonly digests = new RowIndex(digestWords);
  /** Of each written sector, its number; made when first asked for. */
  private writtenNumbers: Int32Array | undefined;
  /** Of each number, where its bytes are found: an arena position; below -1 a sector of a base disk; -1 in `made`. */
  private readonly sources = new IntList();
  private readonly made = new Map<number, Buffer>();
  /** Of each base disk, the number of sectors on the ones before it. */
  private readonly firstSector: number[] = [];
  private readonly words = new Int32Array(digestWords);

  /** `bases`: by position in the log, what each disk held before the log began. */
  constructor(written: WrittenSectors, bases: readonly DiskView[]) {
    this.written = written;
    this.bases = bases;
    let sectors = 0;
    for (const { bytes } of bases) {
      this.firstSector.push(sectors);
      sectors += Math.ceil(bytes / sectorBytes);
    }
    this.numberOf(zeroSector);
  }

  /** The content at a position of the arena. */
  writtenAt(position: number): number {
    this.writtenNumbers ??= this.hashWritten();
    return this.writtenNumbers[position] ?? 0;
  }

  /** The content of a disk's sector before the log began; zeros beyond the disk's end. */
  baseAt(disk: number, sector: number): number {
    const base = this.bases[disk];
    const offset = sector * sectorBytes;
    if (base === undefined || offset + sectorBytes > base.bytes) return 0;
    return this.numberOf(base.read(offset, sectorBytes), -2 - (this.firstSector[disk] ?? 0) - sector);
  }

  /** The bytes of a content. */
  bytesOf(content: number): Buffer {
    const source = this.sources.at(content);
    if (source >= 0) return this.written.read(source, 1);
    if (source === -1) return this.made.get(content) ?? zeroSector;
    const baseSector = -2 - source;
    const disk = this.firstSector.findLastIndex((first) => first <= baseSector);
    const offset = (baseSector - (this.firstSector[disk] ?? 0)) * sectorBytes;
    return this.bases[disk]?.read(offset, sectorBytes) ?? zeroSector;
  }

  /** The number of a sector's bytes; `source` as in `sources`, and a copy is kept where the bytes are nowhere else. */
  numberOf(bytes: Buffer, source = -1): number {
    const digest = hash('sha1', bytes, 'buffer');
    for (let i = 0; i < digestWords; i += 1) this.words[i] = digest.readInt32LE(4 * i);
    const number = this.digests.number(this.words);
    if (number === this.sources.length) {
      this.sources.push(source);
      if (source === -1) this.made.set(number, Buffer.from(bytes));
    }
    return number;
  }

  private hashWritten(): Int32Array {
    const numbers = new Int32Array(this.written.sectors);
    for (let at = 0; at < numbers.length; at += chunkSectors) {
      const count = Math.min(chunkSectors, numbers.length - at);
      const data = this.written.read(at, count);
      for (let i = 0; i < count; i += 1)
        numbers[at + i] = this.numberOf(data.subarray(i * sectorBytes, (i + 1) * sectorBytes), at + i);
    }
    return numbers;
  }
}
