/** Package systems whose record of installed packages is read. */
export const packageSystems = ['opkg', 'dpkg', 'rpm'] as const;
export type PackageSystem = (typeof packageSystems)[number];

/** A checksum that tells one build of a package from another of the same version. */
export interface PackageDigest {
  /** Of the whole package file, or of an rpm's header only. */
  of: 'file' | 'header';
  algorithm: 'MD5' | 'SHA1' | 'SHA256';
  /** Hex, lower case. */
  value: string;
}

/** A package that is on a system, wholly or in part. */
export interface InstalledPackage {
  name: string;
  /** As the package system compares it, with epoch and revision: `1:6.3-r0`. */
  version: string;
  architecture: string;
  /** The package system's own word: `installed`, or where it stopped (`unpacked`, `half-installed`, ...). */
  state: string;
  /** As the package says it, in whatever notation: `GPL-2.0-only & bzip2-1.0.4`. */
  licence?: string;
  /** What it was built from: a recipe's file (`busybox_1.35.0.bb`) or a source package. */
  source?: string;
  digest?: PackageDigest;
  /** When it was installed by the system's own clock, seconds since 1970. */
  installedAt?: number;
}

/** In the order in which reports list them. `altered` is the same version and build, in another state or so. */
export const softwareChangeKinds = [
  'upgraded',
  'downgraded',
  'rebuilt',
  'altered',
  'added',
  'removed',
] as const;

/** What may differ between a package before and after. */
export type SoftwareAspect = 'version' | 'architecture' | 'licence' | 'checksum' | 'state';

/** What became of one package. */
export interface SoftwareChange {
  kind: (typeof softwareChangeKinds)[number];
  name: string;
  /** Undefined where it was added. */
  before?: InstalledPackage;
  /** Undefined where it was removed. */
  after?: InstalledPackage;
  /** Empty for a package that was added or removed; what is unknown on one side does not differ. */
  differs: readonly SoftwareAspect[];
}

/** What an upgrade made of the packages of a system. */
export interface SoftwareDiff {
  /** By kind, then by name. */
  changes: readonly SoftwareChange[];
  /** How many packages are as before. */
  unchanged: number;
}

/** What one upgrade made of a device's packages. */
export interface SoftwareTable {
  /** The upgrade: `1.0->1.1`. */
  upgrade: string;
  diff: SoftwareDiff;
  /** SPDX documents of the system afterwards: paths below the run's folder. */
  documents: string[];
}
