import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineName } from '../../model/machine.ts';
import type { BuildCache } from '../build-cache.ts';
import type { Tools } from '../tools.ts';
import type { Tree } from '../tree.ts';

/** Bytes of a disk outside of all partitions. */
export interface RawArea {
  offset: number;
  content: Buffer;
}

/** What a release is started from, where that is a file of the boot partition. */
export interface StartFile {
  /** Folder of the boot partition, and the name in it. */
  folder: string;
  name: string;
  content: Buffer;
}

/** What a boot loader puts on the disks. */
export interface BootLoader {
  /** Files of the boot partition, its environment included. */
  boot: Tree;
  /** What lies on the disk before its first partition; absent: nothing but the partition table. */
  raw?: readonly RawArea[];
  /** First bytes of the flash disk `vars`. */
  vars: Buffer;
  /** Size of the flash disk; what follows `vars` is zero. */
  varsBytes: number;
  firmware: { attach: 'bios' | 'pflash'; code: Buffer };
  /** Makes what a release is started from; absent: kernels lie in the slots. */
  startFile?: (release: {
    version: string;
    osRelease: string;
    kernel: Buffer | undefined;
    initrd: Buffer;
  }) => StartFile;
}

/** Where a boot loader finds its parts. */
export interface BootLoaderInputs {
  tools: Tools;
  build: BuildCache;
  /** Unpacked packages: firmware, and the system's. */
  firmware: string;
  system: string;
  /** Folder of its scripts. */
  scripts: string;
  machineName: MachineName;
  machine: { console: string; kernelArguments: string };
  epoch: number;
}

/** A script of the boot loader's folder, with the kernel's arguments in it. */
export async function script(
  folder: string,
  name: string,
  machine: BootLoaderInputs['machine'],
): Promise<string> {
  const text = await readFile(join(folder, name), 'utf8');
  return text.replaceAll('@arguments@', `console=${machine.console} ${machine.kernelArguments}`);
}

/** The same of a script that an image need not have. */
export async function optionalScript(
  ...[folder, name, machine]: Parameters<typeof script>
): Promise<string | undefined> {
  return script(folder, name, machine).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
}
