import { hash } from 'node:crypto';
import type { DiskView } from '../filesystem/view.ts';
import { sectorBytes } from '../writelog/log.ts';
import { IntList } from './int-list.ts';
import { RowIndex } from './row-index.ts';

/** 32-bit words of a digest that are kept. */
const digestWords = 4;
/** Sectors read at a time, where many are wanted. */
const chunkSectors = 128;
/** Base disks are read to the end of an area of so many sectors at least. */
const areaSectors = 8;
const zeroSector = Buffer.alloc(sectorBytes);
const noBytes: Buffer = Buffer.alloc(0);

/** What the guest wrote, one sector after the other. */
export interface WrittenSectors {
  readonly sectors: number;
  read(sector: number, count: number): Buffer;
}

/**
 * Numbers the contents of sectors, so that equal ones are equal numbers. Number 0 is all zeros.
 *
 * Sectors are told apart by the first 128 bits of their SHA-256. That two of a million different ones have these in
 * common happens with a probability of 10⁻²⁷; and a guest that wants two of its states to be taken for one would have
 * to hash 2⁶⁴ sectors to find such a pair.
 */
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
  /** Sectors of a base disk that were read last. */
  private ahead = { disk: -1, first: 0, end: 0, data: noBytes };
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
    const { data, first } = this.baseAround(disk, sector);
    const at = (sector - first) * sectorBytes;
    if (at + sectorBytes > data.length) return 0;
    return this.numberOf(data.subarray(at, at + sectorBytes), -2 - (this.firstSector[disk] ?? 0) - sector);
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
    // As a string, one byte a character: that takes half as long as a buffer.
    const digest = hash('sha256', bytes, 'binary');
    for (let i = 0; i < digestWords; i += 1)
      this.words[i] =
        digest.charCodeAt(4 * i) |
        (digest.charCodeAt(4 * i + 1) << 8) |
        (digest.charCodeAt(4 * i + 2) << 16) |
        (digest.charCodeAt(4 * i + 3) << 24);
    const number = this.digests.number(this.words);
    if (number === this.sources.length) {
      this.sources.push(source);
      if (source === -1) this.made.set(number, Buffer.from(bytes));
    }
    return number;
  }

  /** Bytes of a base disk that begin at sector `first` and hold `sector`: more of them where sectors are asked for in order. */
  private baseAround(disk: number, sector: number): { data: Buffer; first: number } {
    const { ahead } = this;
    if (ahead.disk === disk && sector >= ahead.first && sector < ahead.end) return ahead;
    const base = this.bases[disk];
    const goesOn = ahead.disk === disk && sector === ahead.end;
    const end = goesOn ? sector + chunkSectors : (Math.floor(sector / areaSectors) + 1) * areaSectors;
    const start = sector * sectorBytes;
    const bytes = base === undefined ? 0 : Math.min(end * sectorBytes, base.bytes) - start;
    const data = base === undefined || bytes <= 0 ? noBytes : base.read(start, bytes);
    this.ahead = { disk, first: sector, end, data };
    return this.ahead;
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
