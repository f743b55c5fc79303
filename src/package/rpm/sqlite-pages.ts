import { Damage } from '../archive/damage.ts';

/**
 * The pages of a SQLite database as its next reader has them (https://www.sqlite.org/fileformat.html): those that the
 * write-ahead log has committed, the file's own else.
 */
export class SqlitePages {
  /** Bytes of a page that hold content. */
  readonly usable: number;
  /** Of both files: no more than that is in them. */
  readonly storedBytes: number;
  private readonly file: Buffer;
  private readonly bytes: number;
  private readonly logged: ReadonlyMap<number, Buffer>;

  /** `log`: the file `-wal` beside it. Throws Damage where the first one is no database. */
  constructor(file: Buffer, log: Buffer = Buffer.alloc(0)) {
    const size = pageBytes(log, file);
    this.file = file;
    this.bytes = size;
    this.logged = committed(log, size);
    this.storedBytes = file.length + log.length;
    const head = this.page(1);
    if (head.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw new Damage('not a database of SQLite');
    this.usable = size - head.readUInt8(20);
    // What SQLite itself asks of a file (section 1.3.4).
    if (this.usable < 480) throw new Damage(`pages with room for ${this.usable} bytes`);
  }

  /** A page, counted from 1. Throws Damage where the database does not have it. */
  page(number: number): Buffer {
    const found =
      this.logged.get(number) ?? this.file.subarray((number - 1) * this.bytes, number * this.bytes);
    if (number < 1 || found.length < this.bytes) throw new Damage(`there is no page ${number}`);
    return found;
  }
}

/** What both files say; a database that is all in its log has an empty file. */
function pageBytes(log: Buffer, file: Buffer): number {
  const said =
    file.length >= 100 ? file.readUInt16BE(16) : log.length >= logHeadBytes ? log.readUInt32BE(8) : 0;
  const size = said === 1 ? 65_536 : said;
  if (size < 512 || size > 65_536 || (size & (size - 1)) !== 0) throw new Damage(`pages of ${size} bytes`);
  return size;
}

const logHeadBytes = 32;
const frameHeadBytes = 24;

/**
 * The pages of all transactions that a log holds whole (section 4): its frames count up to the last one that ends a
 * transaction, and up to the first whose salts or sums are not the log's.
 */
function committed(log: Buffer, size: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  if (log.length < logHeadBytes) return found;
  const magic = log.readUInt32BE(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return found;
  const sum = new Sum(magic === 0x377f0683);
  sum.add(log.subarray(0, logHeadBytes - 8));
  if (log.readUInt32BE(8) !== size || !sum.is(log, 24)) return found;
  const salts = log.subarray(16, 24);
  const open = new Map<number, Buffer>();
  for (let at = logHeadBytes; at + frameHeadBytes + size <= log.length; at += frameHeadBytes + size) {
    const page = log.subarray(at + frameHeadBytes, at + frameHeadBytes + size);
    sum.add(log.subarray(at, at + 8));
    sum.add(page);
    if (!log.subarray(at + 8, at + 16).equals(salts) || !sum.is(log, at + 16)) break;
    open.set(log.readUInt32BE(at), page);
    if (log.readUInt32BE(at + 4) === 0) continue;
    for (const [number, content] of open) found.set(number, content);
    open.clear();
  }
  return found;
}

/** The log's sum over all that came before (section 4.2). */
class Sum {
  private readonly isBigEndian: boolean;
  private one = 0;
  private two = 0;

  constructor(isBigEndian: boolean) {
    this.isBigEndian = isBigEndian;
  }

  add(bytes: Buffer): void {
    const word = (at: number) => (this.isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      this.one = (this.one + word(at) + this.two) >>> 0;
      this.two = (this.two + word(at + 4) + this.one) >>> 0;
    }
  }

  /** Whether it is what is written there. */
  is(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32BE(at) === this.one && bytes.readUInt32BE(at + 4) === this.two;
  }
}
