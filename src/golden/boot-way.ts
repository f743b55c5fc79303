import { type MachineName, machines } from '../model/machine.ts';
import type { FoundDisk, FoundRoot } from './found-disk.ts';

/** How a machine comes to start what is on a disk. */
export type BootWay =
  /** UEFI firmware, which finds a boot loader on the EFI system partition. */
  | { kind: 'uefi'; loader: string }
  /** U-Boot, which finds a script or a configuration. */
  | { kind: 'u-boot'; file: string }
  /** The boot code in the first sector. */
  | { kind: 'bios' }
  /** A kernel of the system's own files, which QEMU loads in place of a boot loader; paths on the disk. */
  | { kind: 'kernel'; kernel: string; initrd: string | undefined };

const loaders: Readonly<Record<MachineName, string>> = {
  'qemux86-64': 'BOOTX64.EFI',
  qemuarm64: 'BOOTAA64.EFI',
};
const uBootFiles = [
  '/boot.scr',
  '/boot/boot.scr',
  '/extlinux/extlinux.conf',
  '/boot/extlinux/extlinux.conf',
] as const;

/** The device's own way first, since its boot loader is a part of what is tested. Undefined where there is none. */
export function bootWayOf(disk: FoundDisk, { system }: FoundRoot, machine: MachineName): BootWay | undefined {
  const trees = disk.volumes.flatMap(({ content }) => (content.kind === 'files' ? [content.files] : []));
  const loader = `/EFI/BOOT/${loaders[machine]}`;
  if (trees.some((files) => files.kind === 'fat' && files.read(loader, 1) !== undefined))
    return { kind: 'uefi', loader };
  const file = uBootFiles.find((path) => trees.some((files) => files.read(path, 1) !== undefined));
  if (machine === 'qemuarm64' && file !== undefined) return { kind: 'u-boot', file };
  if (machine === 'qemux86-64' && disk.bootCode) return { kind: 'bios' };
  const { kernel } = system;
  return kernel && { kind: 'kernel', kernel: kernel.path, initrd: kernel.initrd };
}

/** What a kernel is told that QEMU loads: where its root is, and where to speak. */
export function kernelArguments({ volume }: Pick<FoundRoot, 'volume'>, machine: MachineName): string {
  const device = volume.index === 0 ? '/dev/vda' : `/dev/vda${volume.index}`;
  return `root=${device} rw console=${machines[machine].console}`;
}

/** How a device starts, in words. */
export function bootWayText(way: BootWay): string {
  switch (way.kind) {
    case 'uefi':
      return `UEFI firmware and ${way.loader}`;
    case 'u-boot':
      return `U-Boot and ${way.file}`;
    case 'bios':
      return 'the boot code of the first sector';
    case 'kernel':
      return `QEMU loads ${way.kernel}${way.initrd === undefined ? ', without an initial RAM disk' : ` and ${way.initrd}`}; the disk has no boot loader`;
  }
}
