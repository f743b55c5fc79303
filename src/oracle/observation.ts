import type { OwnedPath } from '../model/scenario.ts';

/** A file beside one of the owner's, with the same name and a suffix that package managers give to copies. */
export interface FileCopy {
  /** One of `copySuffixes`. */
  suffix: string;
  /** Absent: a regular file. */
  kind?: 'link';
  content: Buffer;
}

/** What lies at one path of the owner's. */
export interface FileState {
  path: string;
  /** Absent: a regular file, or nothing. */
  kind?: 'link' | 'folder' | 'other';
  /** The bytes of a regular file, the target of a link, nothing of the rest; undefined where nothing is there. */
  content: Buffer | undefined;
  /** Of a link that the owner wrote through: the bytes of the file that it leads to, where there is one. */
  behind?: Buffer;
  /** Permission bits, owner and group; undefined where nothing is there. */
  access: string | undefined;
  /** Extended attributes, a line each, sorted, where they were asked for; `unknown` where the device cannot tell. */
  attributes?: string | { unknown: true };
  copies: readonly FileCopy[];
}

/** One path of the owner's, as the owner left it. */
export interface OwnedFile extends FileState {
  /** How it was looked at. */
  links: OwnedPath['links'];
  /** What was in it before the owner came; undefined where there was no such file, or one of another kind. */
  found: Buffer | undefined;
}

/** What a target that came up shows of itself. */
export interface Observation {
  /** Name of the slot whose `root` the kernel was given, or is mounted as the root; undefined where it is none of the image's. */
  slot: string | undefined;
  /** `root=` of the kernel's command line, or the device that is mounted as the root where only that is a slot's. */
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
