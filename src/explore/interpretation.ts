/** Gives the content of a cell as the disk has it. */
export type RawContent = (cell: number) => number;

/** What the sectors of a file system amount to in one state of its disk. */
export interface Interpretation {
  /** Cells whose content hangs on more than their own sector; `changedNumber` names this set. */
  readonly changed: ReadonlySet<number>;
  readonly changedNumber: number;
  /** What a sector amounts to that holds `content`. */
  apply(cell: number, content: number): number;
  /** Number of how the control sectors were read; only states that agree in it can be compared. */
  readonly reading: number;
  /** True where sectors are taken as they are. */
  readonly raw: boolean;
}

/** A part of a disk whose sectors mean more than they say: a file system with a journal. */
export interface Interpreter {
  /** The cells that hold `Interpretation.reading` and `changedNumber`. */
  readonly readingCell: number;
  readonly changedCell: number;
  /** The cells that `changedNumber` stands for: whoever reads the file system depends on them. */
  changedBy(changedNumber: number): Iterable<number>;
  /** Whether some readers take the sectors as they are: those that come before its recovery. */
  readonly readRaw: boolean;
  has(cell: number): boolean;
  /** Whether a change of this sector changes how the others are to be read. */
  controls(cell: number): boolean;
  interpret(raw: RawContent): Interpretation;
}
