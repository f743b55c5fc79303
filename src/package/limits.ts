const MiB = 1 << 20;

/**
 * Bounds on what a package file may make this program do. A few kilobytes can unpack to terabytes; the largest packages
 * of a Yocto build (debug symbols of a browser, kernel sources) unpack to about 3 GiB.
 */
export const limits = {
  /** All of control.tar, unpacked. Debian's largest are below 3 MiB (md5sums of a package with many files). */
  controlBytes: 32 * MiB,
  /** All of data.tar, unpacked; also the outer tar of an old ipk. */
  dataBytes: 8192 * MiB,
  /** Entries of one tar. */
  entries: 1_000_000,
  /** Members of an ar archive: a package has three, or four where it is signed. */
  members: 64,
  /** What a package's version file (`debian-binary`) may hold. */
  versionBytes: 64,
} as const;
