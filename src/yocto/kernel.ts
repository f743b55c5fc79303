import { memoryOf } from './machine.ts';
import { kernelNetwork } from './network.ts';
import type { BootRequest, Part } from './part.ts';
import { same } from './part.ts';
import { bootsByItself } from './root-drive.ts';
import { kernelConsoles } from './serial.ts';

/**
 * BIOS, kernel, its arguments, and device tree. A disk that boots by itself is given no kernel. runqemu writes the
 * arguments with more blanks between them, which mean nothing to the kernel.
 */
export function kernelParts(request: BootRequest): Part[] {
  const { boot, files } = request;
  const bios = same('-bios', files.bios === undefined ? [] : ['-bios', files.bios]);
  const { kernel, rootfs, deviceTree } = files;
  if (kernel === undefined || (rootfs !== undefined && bootsByItself(boot, rootfs))) return [bios];
  const parts = [bios, same('-kernel', ['-kernel', kernel])];
  if (boot.options.qb_kernel_cmdline !== 'none') parts.push(appendPart(request));
  if (deviceTree !== undefined) parts.push(same('-dtb', ['-dtb', deviceTree]));
  return parts;
}

function appendPart(request: BootRequest): Part {
  const { boot, files, own } = request;
  const memory = memoryOf(boot, own.memoryMiB);
  const consoles = kernelConsoles(boot);
  const root = files.rootfs === undefined ? '' : rootArgument(request);
  const line = (side: 'runqemu' | 'brownout') =>
    [root, memory[side].kernel, kernelNetwork(boot), consoles[side], boot.options.qb_kernel_cmdline_append]
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .join(' ');
  return {
    option: '-append',
    runqemu: ['-append', line('runqemu')],
    brownout: ['-append', line('brownout')],
    why: "one console: init writes to the kernel's last one, and what it says belongs into the log",
  };
}

/** `root=/dev/vda rw`, or as QB_KERNEL_ROOT says; `rw` unless that decides it. */
function rootArgument({ boot: { options } }: BootRequest): string {
  if (options.qb_rootfs === 'none') return '';
  const root = options.qb_kernel_root || '/dev/vda';
  return `root=${root}${root.split(/\s+/).some((word) => word === 'ro' || word === 'rw') ? '' : ' rw'}`;
}
