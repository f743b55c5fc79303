import { type Odd, odd } from '../malformed.ts';
import type { BlockSource } from './block-source.ts';
import type { JournalGeometry } from './journal-geometry.ts';
import { type JournalHead, journalMagic, readJournalHead } from './journal-head.ts';
import { emptyLog, type Log, longer, type Replayed, writesOf } from './journal-log.ts';
import { isThere, type JournalCopy, type Transaction, TransactionReader } from './transaction.ts';

/** All that depends on a journal's format. */
interface Known {
  /** Blocks that the log can take. */
  logBlocks: number;
  reader: TransactionReader;
  /** Transactions seen at a place, by sequence number and position. */
  transactions: Map<number, Transaction[]>;
  /** Empty logs, by where the first transaction is expected. */
  logs: Map<number, Log>;
}

const mostVariants = 64;
const mostWritesKept = 1 << 21;

/**
 * Recovers one journal again and again, on contents that differ a little, as fs/jbd2/recovery.c of Linux 6.1 and its
 * copy in e2fsprogs do: `replay` says which blocks would be copied, and copies none. What was worked out for one
 * content is kept: with nothing new, a replay only compares the ids of the log's blocks. Equal logs give the same object.
 */
export class JournalReplayer {
  private readonly geometry: JournalGeometry;
  private readonly heads = new Map<number, JournalHead | Odd>();
  private readonly formats = new Map<string, Known>();
  private readonly kept: Log[] = [];
  private writesKept = 0;

  constructor(geometry: JournalGeometry) {
    this.geometry = geometry;
  }

  /** Anything that a power cut alone does not leave is odd, and so is what recovery would complain about. */
  replay(source: BlockSource): Replayed | Odd {
    const head = this.head(source);
    if (head.kind === 'odd') return head;
    if (head.start === 0) return nothingPending;
    const known = this.known(head);
    let log = startOf(known, head);
    for (let sequence = head.sequence, at = head.start; ; ) {
      const transaction = this.next(known, source, at, sequence, log);
      if (transaction === undefined) return this.outcome(log);
      if (transaction.kind === 'odd') return transaction;
      log = longer(log, transaction);
      at = transaction.next;
      sequence += 1;
      if (sequence >= 2 ** 32) return odd('the sequence numbers start over');
    }
  }

  private head(source: BlockSource): JournalHead | Odd {
    const block = this.geometry.blocks[0];
    if (block === undefined) return odd('the journal is empty');
    const id = source.id(block);
    let head = this.heads.get(id);
    if (head === undefined) {
      head = readJournalHead(source.read(block), this.geometry);
      this.heads.set(id, head);
    }
    return head;
  }

  private known({ format, formatKey }: JournalHead): Known {
    let known = this.formats.get(formatKey);
    if (known === undefined) {
      known = {
        logBlocks: format.end - format.first,
        reader: new TransactionReader(this.geometry, format),
        transactions: new Map(),
        logs: new Map(),
      };
      this.formats.set(formatKey, known);
    }
    return known;
  }

  private next(
    known: Known,
    source: BlockSource,
    at: number,
    sequence: number,
    log: Log,
  ): Transaction | Odd | undefined {
    const key = sequence * this.geometry.blocks.length + at;
    const variants = known.transactions.get(key);
    const found = variants?.find((variant) => isThere(variant, source));
    // A log that came round to its own start would have been overwritten.
    const room = known.logBlocks - log.blocks;
    if (found !== undefined && found.from.length <= room) return found;
    const read = known.reader.read(source, at, sequence, room);
    if (read?.kind !== 'transaction') return read;
    if (variants === undefined || variants.length >= mostVariants) known.transactions.set(key, [read]);
    else variants.push(read);
    return read;
  }

  private outcome(log: Log): Replayed {
    if (log.outcome === undefined) {
      log.outcome = {
        kind: 'replayed',
        writes: writesOf(log),
        pending: true,
        transactions: log.transactions,
      };
      this.kept.push(log);
      this.writesKept += log.outcome.writes.size;
      while (this.writesKept > mostWritesKept && this.kept.length > 1) {
        const oldest = this.kept.shift();
        this.writesKept -= oldest?.outcome?.writes.size ?? 0;
        if (oldest !== undefined) oldest.outcome = undefined;
      }
    }
    return log.outcome;
  }
}

const nothingPending: Replayed = { kind: 'replayed', writes: new Map(), pending: false, transactions: 0 };

function startOf({ logs }: Known, { sequence, start, format }: JournalHead): Log {
  const key = sequence * format.end + start;
  let log = logs.get(key);
  if (log === undefined) {
    log = emptyLog();
    logs.set(key, log);
  }
  return log;
}

/** The content that a recovered block gets. */
export function copiedBlock(source: BlockSource, { journalBlock, escaped }: JournalCopy): Buffer {
  const content = source.read(journalBlock);
  if (!escaped) return content;
  const copy = Buffer.from(content);
  copy.writeUInt32BE(journalMagic, 0);
  return copy;
}
