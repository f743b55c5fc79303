import type { MachineName } from './machine.ts';

/** A file beside the manifest, known by content. */
export interface FileRef {
  /** Absolute once the manifest is loaded; relative to the manifest's folder as stored. */
  path: string;
  /** Lower-case hex. */
  sha256: string;
  bytes: number;
}

/** One block device of the target. The order in the manifest is the order on the bus. */
export interface DiskSpec {
  /** Short name used in logs and reports: `main`, `vars`. */
  id: string;
  /**
   * `pflash` is the parallel flash unit 1 of both machines (UEFI variables, U-Boot environment); `machine` is what
   * the image's machine options say with `drive=disk-ID`.
   */
  attach: 'virtio-blk' | 'pflash' | 'machine';
  /** `writeback` loses un-flushed writes at a power cut; `writethrough` (NOR flash) keeps each completed one. */
  cache: 'writeback' | 'writethrough';
}

/** A place for one whole release. */
export interface SlotSpec {
  /** As the update agent calls it: `A`. */
  name: string;
  /** DiskSpec.id. */
  disk: string;
  /** Bytes from the start of the disk; length is the partition's. */
  offset: number;
  length: number;
  /** What `root=` on the kernel's command line names when this slot runs, or which device is mounted as the root: `/dev/vda2`. */
  root: string;
}

/** How a device shows that it is wholly on a release. */
export type ReleaseContent =
  /** By the bytes of its slot; so many from the slot's start are hashed. */
  | { kind: 'slot'; sha256: string; bytes: number }
  /**
   * By the regular files of the running system: absolute paths and SHA-256. `system` is what it calls itself, where that
   * is another release of which this one is a variant.
   */
  | { kind: 'files'; files: Record<string, string>; system?: string }
  /** By the packages that are installed; the file is JSON, an array of PackageContents. */
  | { kind: 'packages'; list: FileRef }
  /** Nobody has said: scenarios have to leave the release unchecked. */
  | { kind: 'unknown' };

/** A package of a release's feed, and what it installs. */
export interface PackageContents {
  name: string;
  version: string;
  architecture: string;
  /** Of its file, below the feed's folder. */
  path: string;
  /** The regular files: absolute paths and SHA-256, conffiles included. */
  files: { path: string; sha256: string }[];
  /** Those that the package system takes for the owner's. */
  conffiles: string[];
  /** What the package says of each path besides its content; conffiles, links and folders included. */
  paths: PackagedPath[];
}

/** What a package says of one path. */
export interface PackagedPath {
  path: string;
  kind: 'file' | 'link' | 'folder' | 'other';
  /** Permission bits; those of a link mean nothing. */
  mode: number;
  /** `root:mail`; where the package has no names the numbers, `0:8`. */
  owner: string;
  /** The numbers that go with names other than root's, where the package has both. */
  ids?: string;
  /** Of a link. */
  target?: string;
}

/**
 * What the machine runs first: firmware, which finds a boot loader on a disk; the same with the firmware that QEMU
 * brings (SeaBIOS of qemux86-64); or a kernel that QEMU loads, as runqemu has it.
 */
export type ImageBoot =
  | { kind: 'firmware'; attach: 'bios' | 'pflash'; code: FileRef }
  | { kind: 'builtin' }
  | { kind: 'kernel'; kernel: FileRef; initrd?: FileRef; arguments: string };

/**
 * How a release may be broken: its kernel is missing; its init is; what starts never gets to a login; or all of it works
 * but for what its health check looks at.
 */
export const breakages = ['no-kernel', 'no-init', 'hangs', 'health'] as const;
export type Breakage = (typeof breakages)[number];

/** What of a running device may be filled up or spoilt, to see what its update agent makes of it. */
export interface ImagePlaces {
  /** Where the boot loader's partition and the owner's data are mounted. */
  boot?: string;
  data?: string;
  /** Where the boot loader keeps which slot is next: whole files, or parts of a disk in bytes. All copies of it. */
  environment?: { path: string; offset?: number; bytes?: number }[];
}

/** What a server orders a device to have: one part of a release, as hawkBit calls it. */
export interface SoftwareModule {
  /** `os`, or another word that the device's client knows. */
  part: string;
  name: string;
  /** What the client is told of it. */
  metadata: Record<string, string>;
  /** The file that each device reads first, below the address of the release's repository. */
  path: string;
}

/** One release of the image. */
export interface ReleaseSpec {
  version: string;
  /** Disk contents of a device that left the factory with this release, by DiskSpec.id; absent: cannot be flashed. */
  factory?: Record<string, FileRef>;
  /** Names of the packages that are installed on these, where the image is upgraded by packages. */
  installed?: string[];
  content: ReleaseContent;
  /** What the update agent is given, by format: `verity`, `plain`, `raw` (the slot's bytes as they are). */
  bundles: Record<string, FileRef>;
  /** Of a release that is not to be kept by devices. */
  broken?: Breakage;
  /** Not one of the product's sequence of releases, but there for a scenario of its own. */
  apart?: true;
  /** The release's package feed, or OSTree repository: its files by path below its address, indexes included. */
  feed?: Record<string, FileRef>;
  /** What leads to it where a server orders parts of a repository. */
  module?: SoftwareModule;
}

/** How the harness logs in. The key is public knowledge: it belongs to test images only. */
export interface SshAccess {
  user: string;
  /** Path of an OpenSSH private key without passphrase; absent where a password lets in. */
  privateKey?: string;
  /** In place of the key; empty is one, as on Yocto's development images. */
  password?: string;
  /**
   * The only accepted host key: base64 of its SHA-256, as `ssh-keygen -l` prints after `SHA256:`. Absent: the first
   * one that a device under test shows, as long as it is on the bench.
   */
  hostKeySha256?: string;
}

/** Everything the harness needs to boot and upgrade a target: the contract between images and runs. */
export interface ImageManifest {
  format: 2;
  name: string;
  machine: MachineName;
  /** Content key of everything it was built from; changes when any input changes. */
  key: string;
  boot: ImageBoot;
  /** What the image needs beyond the machine's defaults; `machineOptions` take the place of board and network card. */
  qemu: { memoryMiB?: number; machineOptions?: string[] };
  disks: DiskSpec[];
  slots: SlotSpec[];
  ssh: SshAccess;
  releases: Record<string, ReleaseSpec>;
  /** Program of the device that ends with 0 where the release that runs works; absent: it has none. */
  health?: string;
  places?: ImagePlaces;
  /** A kernel and initial RAM disk for probing accelerators, and text that proves they came up. */
  probe?: { kernel: FileRef; initrd: FileRef; expect: string };
  /** Name, version, architecture and SHA-256 of every package inside. */
  packages: { name: string; version: string; architecture: string; sha256: string }[];
}
