import type { JournalCopy, Transaction } from './transaction.ts';

/** What the recovery of a journal comes to. */
export interface Replayed {
  kind: 'replayed';
  /** Which block of the file system gets its content from which block of the journal. */
  writes: ReadonlyMap<number, JournalCopy>;
  /** False where the journal says that it is empty: nothing was to be recovered. */
  pending: boolean;
  /** Number of whole transactions in the log. */
  transactions: number;
}

/** One state of the log: these transactions, and none after them. */
export interface Log {
  before: Log | undefined;
  transaction: Transaction | undefined;
  transactions: number;
  /** Blocks of the journal that it takes. */
  blocks: number;
  longer: Map<Transaction, Log>;
  outcome: Replayed | undefined;
}

/** A log without a transaction yet. */
export function emptyLog(): Log {
  return {
    before: undefined,
    transaction: undefined,
    transactions: 0,
    blocks: 0,
    longer: new Map(),
    outcome: undefined,
  };
}

/** The log with one more transaction: the same object for the same one. */
export function longer(log: Log, transaction: Transaction): Log {
  let next = log.longer.get(transaction);
  if (next === undefined) {
    const [transactions, blocks] = [log.transactions + 1, log.blocks + transaction.from.length];
    next = { before: log, transaction, transactions, blocks, longer: new Map(), outcome: undefined };
    log.longer.set(transaction, next);
  }
  return next;
}

/**
 * The revoke and the replay pass: a block is not copied if the same or a later transaction revokes it
 * (jbd2_journal_test_revoke() of fs/jbd2/revoke.c).
 */
export function writesOf(log: Log): Map<number, JournalCopy> {
  const transactions: Transaction[] = [];
  for (let at: Log | undefined = log; at !== undefined; at = at.before)
    if (at.transaction !== undefined) transactions.push(at.transaction);
  transactions.reverse();
  const revokedBy = new Map<number, number>();
  for (const { revoked, sequence } of transactions)
    for (const block of revoked) revokedBy.set(block, sequence);
  const writes = new Map<number, JournalCopy>();
  for (const transaction of transactions)
    for (const { block, journalBlock, escaped } of transaction.writes)
      if (transaction.sequence > (revokedBy.get(block) ?? -1)) writes.set(block, { journalBlock, escaped });
  return writes;
}
