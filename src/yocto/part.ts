import type { Accelerator } from '../qemu/arguments.ts';
import type { QemuBoot } from './qemu-boot.ts';

/** One option, or a few that belong together, as runqemu would give it to QEMU and as brownout does. */
export interface Part {
  /** What it is about, for reports: `-smp`, `network`. */
  option: string;
  runqemu: readonly string[];
  brownout: readonly string[];
  /** One sentence on the difference; empty where there is none. */
  why: string;
}

/** A part that brownout takes as it is. */
export function same(option: string, words: readonly string[]): Part {
  return { option, runqemu: words, brownout: words, why: '' };
}

/** The root file system or whole disk that a machine boots; never compressed. */
export interface RootDisk {
  path: string;
  type: 'ext4' | 'wic';
}

/** The files of an image that QEMU is given, as absolute paths. */
export interface BootFiles {
  rootfs?: RootDisk | undefined;
  /** Not used where the disk boots by itself. */
  kernel?: string | undefined;
  bios?: string | undefined;
  deviceTree?: string | undefined;
}

/** What a run of brownout adds to an image. */
export interface OwnNeeds {
  accelerator: Accelerator;
  /** The disk, as an NBD export on a unix socket. */
  disk: { id: string; socketPath: string; exportName: string };
  /** File that receives the first serial port. */
  consoleLog: string;
  qmpSocket: string;
  /** Loopback port that reaches the guest's port 22. */
  sshPort: number;
  /** Instead of what the image asks for. */
  memoryMiB?: number | undefined;
  /** runqemu's `tcpserial=`, which testimage gives; brownout has its console in a file. */
  tcpSerialPort?: number | undefined;
}

/** What the parts are made from. */
export interface BootRequest {
  boot: QemuBoot;
  files: BootFiles;
  own: OwnNeeds;
}
