/** A file beside one of the owner's, with the same name and a suffix that package managers give to copies. */
export interface FileCopy {
  /** One of `copySuffixes`. */
  suffix: string;
  content: Buffer;
}

/** What one file of the owner's looks like. */
export interface FileState {
  path: string;
  /** Undefined: there is no such file. */
  content: Buffer | undefined;
  /** Permission bits, owner and group; undefined where there is no such file. */
  access: string | undefined;
  copies: readonly FileCopy[];
}

/** One file of the owner's, as the owner left it. */
export interface OwnedFile extends FileState {
  /** What was in it before the owner came; undefined where there was no such file. */
  found: Buffer | undefined;
}

/** What a target that came up shows of itself. */
export interface Observation {
  /** Name of the slot whose `root` the kernel was given; undefined where it is none of the image's. */
  slot: string | undefined;
  /** `root=` of the kernel's command line. */
  root: string;
  /** VERSION_ID of the running system's os-release. */
  version: string;
  configuration: readonly FileState[];
}

/** The same with the bytes of slots. */
export interface SlotsSeen extends Observation {
  /** Of each slot that was read, by name: SHA-256 for each length that a release's content has. */
  slotDigests: ReadonlyMap<string, ReadonlyMap<number, string>>;
}
