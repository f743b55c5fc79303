import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineName } from '../../model/machine.ts';
import type { BootLoader } from './boot-loader.ts';

/** What UEFI is on a machine. */
interface Uefi {
  /** Of the packages ovmf and qemu-efi-aarch64. */
  code: string;
  vars: string;
  /** The machine's name in those of EFI programs (UEFI specification, "Removable Media Boot Behavior"). */
  suffix: string;
}

/** By machine. */
export const uefiOf: Readonly<Record<MachineName, Uefi>> = {
  'qemux86-64': {
    code: 'usr/share/OVMF/OVMF_CODE.fd',
    vars: 'usr/share/OVMF/OVMF_VARS.fd',
    suffix: 'x64',
  },
  qemuarm64: {
    code: 'usr/share/AAVMF/AAVMF_CODE.fd',
    vars: 'usr/share/AAVMF/AAVMF_VARS.fd',
    suffix: 'aa64',
  },
};

/** UEFI firmware of the unpacked firmware packages, and its variables as it leaves the factory. */
export async function uefi(
  firmware: string,
  machineName: MachineName,
): Promise<Pick<BootLoader, 'vars' | 'varsBytes' | 'firmware'>> {
  const { vars: factory, code: program } = uefiOf[machineName];
  const vars = await readFile(join(firmware, factory));
  const code = await readFile(join(firmware, program));
  return { vars, varsBytes: vars.length, firmware: { attach: 'pflash', code } };
}
