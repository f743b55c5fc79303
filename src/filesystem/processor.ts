import type { FileTree } from './file-tree.ts';

/** `e_machine` of ELF's header (System V ABI, chapter 4): which processor a program is for. */
export type ElfMachine = number;

/** What every system has at least one of. */
const programs = ['/bin/sh', '/bin/busybox', '/sbin/init', '/usr/bin/env'] as const;
const elfHeadBytes = 20;
const names: Readonly<Record<ElfMachine, string>> = {
  3: '32-bit x86',
  8: 'MIPS',
  20: 'PowerPC',
  21: '64-bit PowerPC',
  40: '32-bit ARM',
  62: 'x86-64',
  183: '64-bit ARM',
  243: 'RISC-V',
  258: 'LoongArch',
};
const arm64 = 183;
/** Where kernels have their magic numbers (Linux: arch/arm64/include/asm/image.h, x86/boot.rst, arch/arm/boot/compressed/head.S, riscv/boot-image-header.rst). */
const kernels: readonly { elf: ElfMachine; offset: number; magic: Buffer }[] = [
  { elf: arm64, offset: 56, magic: Buffer.from('ARM\x64') },
  { elf: 62, offset: 0x202, magic: Buffer.from('HdrS') },
  { elf: 40, offset: 0x24, magic: Buffer.from('18286f01', 'hex') },
  { elf: 243, offset: 56, magic: Buffer.from('RSC\x05') },
];

/** So many bytes of a kernel tell what it is for. */
export const kernelHeadBytes = 1024;

/** What a processor is called. */
export function processorName(elf: ElfMachine): string {
  return names[elf] ?? `ELF machine ${elf}`;
}

/** Which processor the programs of a system are for; undefined where there are none. */
export function programsFor(files: FileTree): ElfMachine | undefined {
  return programs
    .map((path) => elfMachine(files.read(path, elfHeadBytes)))
    .find((machine) => machine !== undefined);
}

/** Which processor a kernel is for, by its beginning; undefined where that does not say it, as where it is packed. */
export function kernelFor(head: Buffer): ElfMachine | undefined {
  const known = kernels.find(({ offset, magic }) =>
    head.subarray(offset, offset + magic.length).equals(magic),
  );
  return known?.elf ?? elfMachine(head);
}

function elfMachine(head: Buffer | undefined): ElfMachine | undefined {
  if (head === undefined || head.length < elfHeadBytes || head.toString('latin1', 0, 4) !== '\x7fELF')
    return undefined;
  return head.readUInt8(5) === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
}
