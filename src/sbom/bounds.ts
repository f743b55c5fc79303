const MiB = 1 << 20;

/** Bounds on what is read from devices, feeds and images; far above what they hold. */
export const bounds = {
  /** A status file, or what rpm prints. */
  statusBytes: 64 * MiB,
  /** A feed's index, unpacked: Debian's largest has 60 MB. */
  indexBytes: 256 * MiB,
  /** One SPDX document. V8's longest text has 512 MiB. */
  documentBytes: 256 * MiB,
  /** Packages of one system or feed. */
  packages: 500_000,
  /** Packages of one name: rpm keeps a few kernels. */
  namesakes: 1000,
  /** A package's name, version or architecture. */
  wordCharacters: 1000,
  /** A licence statement. */
  licenceCharacters: 10_000,
  /** Sub-folders of a feed's folder, and files in one. */
  files: 10_000,
} as const;
