const MiB = 1 << 20;

/**
 * Bounds on what a package file may make this program do: a few kilobytes can unpack to terabytes. They are far above
 * what packages are; control.tar is held in memory, data.tar never is.
 */
export const limits = {
  /** All of control.tar, unpacked: lists of checksums and scripts may be long. */
  controlBytes: 32 * MiB,
  /** A control file, a list of conffiles, or one stanza of an index; Debian's longest has 40 kB. */
  stanzaBytes: MiB,
  /** All of data.tar or of an rpm's payload, unpacked; also the outer tar of an old ipk. */
  dataBytes: 8192 * MiB,
  /** A file of data.tar whose content is changed, and an extended header of one. */
  changedBytes: 64 * MiB,
  /** Entries of one tar. */
  entries: 1_000_000,
  /** Members of an ar archive: a package has three, or four where it is signed. */
  members: 64,
  /** The data of an rpm's header; rpm's own bound is 256 MiB. */
  headerBytes: 64 * MiB,
  /** The data of an rpm's signature. */
  signatureBytes: 16 * MiB,
  /** What a package's version file (`debian-binary`) may hold. */
  versionBytes: 64,
} as const;
