import type { ImageBoot } from '../model/image.ts';
import type { DirectKernel, QemuSpec } from '../qemu/arguments.ts';

/** What QEMU is to run first: what the image says, or a kernel in its place. */
export function firstCode(
  boot: ImageBoot,
  instead: DirectKernel | undefined,
): Pick<QemuSpec, 'firmware' | 'kernel'> {
  if (instead !== undefined) return { kernel: instead };
  if (boot.kind === 'builtin') return {};
  if (boot.kind === 'firmware') return { firmware: { attach: boot.attach, code: boot.code.path } };
  const { kernel, initrd, arguments: append } = boot;
  return {
    kernel: { kernel: kernel.path, append, ...(initrd === undefined ? {} : { initrd: initrd.path }) },
  };
}
