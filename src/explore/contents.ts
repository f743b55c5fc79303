import { hash } from 'node:crypto';
import type { DiskView } from '../filesystem/view.ts';
import { sectorBytes } from '../writelog/log.ts';
import { IntList } from './int-list.ts';
import { RowIndex } from './row-index.ts';

/** Sectors in one block of the exploration: the grain of read sets. */
export const blockSectors = 8;
export const blockBytes = blockSectors * sectorBytes;

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

/**
 * Numbers contents, so that equal ones are equal numbers: of a 512-byte sector (by SHA-1 of its bytes) and of a block
 * of eight sectors (by their numbers, exactly). Sector 0 and block 0 are all zeros.
 */
export class Contents {
  private readonly written: WrittenSectors;
  private readonly bases: readonly DiskView[];
  private readonly digests = new RowIndex(digestWords);
  private readonly blocks = new RowIndex(blockSectors);
  /** Of each written sector, its number; made when first asked for. */
  private writtenIds: Int32Array | undefined;
  /** Of each numbered sector, where its bytes are found: an arena position; below -1 a sector of a base disk; -1 in `made`. */
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
    this.sectorNumber(zeroSector, 0);
    this.blocks.number(new Int32Array(blockSectors));
  }

  /** Number of the sector at a position of the arena. */
  writtenSector(position: number): number {
    this.writtenIds ??= this.hashWritten();
    return this.writtenIds[position] ?? 0;
  }

  /** Fills `into` from word `at` with the eight sectors of a disk's block as it was before the log began. */
  baseBlock(disk: number, block: number, into: Int32Array, at = 0): void {
    const base = this.bases[disk];
    const start = block * blockBytes;
    const bytes = base === undefined ? 0 : Math.min(blockBytes, base.bytes - start);
    const data = base === undefined || bytes <= 0 ? Buffer.alloc(0) : base.read(start, bytes);
    const source = -2 - (this.firstSector[disk] ?? 0) - block * blockSectors;
    for (let i = 0; i < blockSectors; i += 1) {
      const from = i * sectorBytes;
      into[at + i] = from < data.length ? this.sectorNumber(data, from, source - i) : 0;
    }
  }

  /** Number of the block made of the eight sectors in `sectors` from word `at` on. */
  block(sectors: Int32Array, at = 0): number {
    return this.blocks.number(sectors, at);
  }

  /** Number of a block by its bytes. */
  blockOfBytes(bytes: Buffer): number {
    const sectors = new Int32Array(blockSectors);
    for (let i = 0; i < blockSectors; i += 1) sectors[i] = this.sectorNumber(bytes, i * sectorBytes);
    return this.blocks.number(sectors);
  }

  /** The numbers of a numbered block's eight sectors. */
  sectorsOf(block: number): Int32Array {
    return Int32Array.from({ length: blockSectors }, (_, i) => this.blocks.word(block, i));
  }

  /** The bytes of a numbered block. */
  bytesOf(block: number): Buffer {
    const bytes = Buffer.allocUnsafe(blockBytes);
    for (let i = 0; i < blockSectors; i += 1) this.copySector(this.blocks.word(block, i), bytes, i);
    return bytes;
  }

  private copySector(sector: number, into: Buffer, index: number): void {
    const source = this.sources.at(sector);
    const bytes = source >= 0 ? this.written.read(source, 1) : this.otherSector(sector, -2 - source);
    bytes.copy(into, index * sectorBytes);
  }

  private otherSector(sector: number, baseSector: number): Buffer {
    if (baseSector < 0) return this.made.get(sector) ?? zeroSector;
    const disk = this.firstSector.findLastIndex((first) => first <= baseSector);
    const offset = (baseSector - (this.firstSector[disk] ?? 0)) * sectorBytes;
    return this.bases[disk]?.read(offset, sectorBytes) ?? zeroSector;
  }

  private hashWritten(): Int32Array {
    const ids = new Int32Array(this.written.sectors);
    for (let at = 0; at < ids.length; at += chunkSectors) {
      const count = Math.min(chunkSectors, ids.length - at);
      const data = this.written.read(at, count);
      for (let i = 0; i < count; i += 1) ids[at + i] = this.sectorNumber(data, i * sectorBytes, at + i);
    }
    return ids;
  }

  /** `source`: where the same bytes are found later, as in `sources`; a copy is kept where that is nowhere. */
  private sectorNumber(data: Buffer, from: number, source = -1): number {
    const bytes = data.subarray(from, from + sectorBytes);
    const digest = hash('sha1', bytes, 'buffer');
    for (let i = 0; i < digestWords; i += 1) this.words[i] = digest.readInt32LE(4 * i);
    const id = this.digests.number(this.words);
    if (id === this.sources.length) {
      this.sources.push(source);
      if (source === -1) this.made.set(id, Buffer.from(bytes));
    }
    return id;
  }
}
