import type { DiskView } from '../filesystem/view.ts';
import { sectorBytes } from '../writelog/log.ts';
import { IntList } from './int-list.ts';
import { RowIndex } from './row-index.ts';
import { hashSector, hashWords } from './sector-hash.ts';

/** Sectors in one block of the exploration: the grain of read sets. */
export const blockSectors = 8;
export const blockBytes = blockSectors * sectorBytes;

/** Sectors read at a time, where many are wanted. */
const chunkSectors = 128;
const chunkBlocks = chunkSectors / blockSectors;
const zeroSector = Buffer.alloc(sectorBytes);
const noBytes: Buffer = Buffer.alloc(0);

/** What the guest wrote, one sector after the other. */
export interface WrittenSectors {
  readonly sectors: number;
  read(sector: number, count: number): Buffer;
}

/**
 * Numbers contents, so that equal ones are equal numbers: of a 512-byte sector (by a hash of its bytes) and of a block
 * of eight sectors (by their numbers, exactly). Sector 0 and block 0 are all zeros.
 */
export class Contents {
  private readonly written: WrittenSectors;
  private readonly bases: readonly DiskView[];
  private readonly hashes = new RowIndex(hashWords);
  private readonly blocks = new RowIndex(blockSectors);
  /** Of each written sector, its number; made when first asked for. */
  private writtenIds: Int32Array | undefined;
  /** Of each numbered sector, where its bytes are found: an arena position; below -1 a sector of a base disk; -1 in `made`. */
  private readonly sources = new IntList();
  private readonly made = new Map<number, Buffer>();
  /** Of each base disk, the number of sectors on the ones before it. */
  private readonly firstSector: number[] = [];
  /** Blocks of a base disk that were read last. */
  private ahead = { disk: -1, first: 0, end: 0, data: noBytes };
  /** The sector being numbered, as bytes and as words, and its hash. */
  private readonly sector = Buffer.alloc(sectorBytes);
  private readonly words = new Int32Array(this.sector.buffer, this.sector.byteOffset, sectorBytes / 4);
  private readonly hash = new Int32Array(hashWords);

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
    const { data, first } = this.baseAround(disk, block);
    const start = (block - first) * blockBytes;
    const source = -2 - (this.firstSector[disk] ?? 0) - block * blockSectors;
    for (let i = 0; i < blockSectors; i += 1) {
      const from = start + i * sectorBytes;
      into[at + i] = from < data.length ? this.sectorNumber(data, from, source - i) : 0;
    }
  }

  /** Bytes of a base disk that begin at block `first` and hold `block`: more of them where blocks are asked for in order. */
  private baseAround(disk: number, block: number): { data: Buffer; first: number } {
    const { ahead } = this;
    const known = ahead.disk === disk && block >= ahead.first && block < ahead.end;
    if (!known) {
      const base = this.bases[disk];
      const end = block + (ahead.disk === disk && block === ahead.end ? chunkBlocks : 1);
      const start = block * blockBytes;
      const bytes = base === undefined ? 0 : Math.min(end * blockBytes, base.bytes) - start;
      const data = base === undefined || bytes <= 0 ? noBytes : base.read(start, bytes);
      this.ahead = { disk, first: block, end, data };
    }
    return this.ahead;
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
    const copied = data.copy(this.sector, 0, from, from + sectorBytes);
    if (copied < sectorBytes) this.sector.fill(0, copied);
    hashSector(this.words, this.hash);
    const id = this.hashes.number(this.hash);
    if (id === this.sources.length) {
      this.sources.push(source);
      if (source === -1) this.made.set(id, Buffer.from(this.sector));
    }
    return id;
  }
}
