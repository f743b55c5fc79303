/** Gives the numbers of a block's eight sectors: eight words of `words` from `at` on. Valid until the next call. */
export type RawBlock = (cell: number) => { words: Int32Array; at: number };

/** What the blocks of a file system amount to in one state of its disk. */
export interface Interpretation {
  /** Cells whose content hangs on more than their own block; `changedNumber` names this set. */
  readonly changed: ReadonlySet<number>;
  readonly changedNumber: number;
  /** Turns a block's own sectors into what they amount to, in place. */
  apply(cell: number, sectors: Int32Array): void;
  /** Number of how the control blocks were read; only states that agree in it can be compared. */
  readonly reading: number;
  /** True where blocks are taken as they are. */
  readonly raw: boolean;
}

/** A part of a disk whose blocks mean more than they say: a file system with a journal. */
export interface Interpreter {
  /** The cells that hold `Interpretation.reading` and `changedNumber`. */
  readonly readingCell: number;
  readonly changedCell: number;
  /** The cells that `changedNumber` stands for: whoever reads the file system depends on them. */
  changedBy(changedNumber: number): Iterable<number>;
  has(cell: number): boolean;
  /** Whether a change of this block changes how the others are to be read. */
  controls(cell: number): boolean;
  interpret(raw: RawBlock): Interpretation;
}
