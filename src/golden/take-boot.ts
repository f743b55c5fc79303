import { copyFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError, ScenarioError } from '../core/errors.ts';
import type { MachineName } from '../model/machine.ts';
import { type BootWay, bootWayOf, bootWayText, kernelArguments } from './boot-way.ts';
import type { FoundDisk, FoundRoot } from './found-disk.ts';

/** Files of the person's own, in place of what is on the disk or on this host. */
export interface OwnBoot {
  /** Where the host's firmware is looked for (default: its packages' places below `/`). */
  hostRoot?: string | undefined;
  kernel?: string | undefined;
  initrd?: string | undefined;
  firmware?: string | undefined;
}

/** What a device starts with; names of files beside the image.yaml. */
export type TakenBoot = { text: string } & (
  | { kind: 'builtin' }
  | { kind: 'firmware'; attach: 'bios' | 'pflash'; code: string; vars: string | undefined }
  | { kind: 'kernel'; image: string; initrd: string | undefined; arguments: string }
);

/** What starts first on a machine, where the host's packages have it. */
interface HostFirmware {
  attach: 'bios' | 'pflash';
  package: string;
  /** Code and, where it keeps variables, their first state: the first pair that is there. */
  candidates: readonly { code: string; vars?: string }[];
}

const uefi: Readonly<Record<MachineName, HostFirmware>> = {
  'qemux86-64': {
    attach: 'pflash',
    package: 'ovmf',
    candidates: [
      { code: '/usr/share/OVMF/OVMF_CODE.fd', vars: '/usr/share/OVMF/OVMF_VARS.fd' },
      { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', vars: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
    ],
  },
  qemuarm64: {
    attach: 'pflash',
    package: 'qemu-efi-aarch64',
    candidates: [{ code: '/usr/share/AAVMF/AAVMF_CODE.fd', vars: '/usr/share/AAVMF/AAVMF_VARS.fd' }],
  },
};
const uBoot: HostFirmware = {
  attach: 'bios',
  package: 'u-boot-qemu',
  candidates: [{ code: '/usr/lib/u-boot/qemu_arm64/u-boot.bin' }],
};

/**
 * Writes what the machine starts with beside the disk; `at` gives the path of a name there. Throws ScenarioError
 * `golden-no-boot`, HarnessError `firmware-missing`.
 */
export async function takeBoot(
  path: string,
  disk: FoundDisk,
  root: FoundRoot,
  machine: MachineName,
  own: OwnBoot,
  at: (name: string) => string,
): Promise<TakenBoot> {
  if (own.kernel !== undefined) return takeOwnKernel(root, machine, own, own.kernel, at);
  const way = bootWayOf(disk, root, machine);
  if (way === undefined)
    throw new ScenarioError(
      'golden-no-boot',
      `nothing on ${path} says how it starts: no EFI boot loader, no script of U-Boot, no boot code, and no kernel in /boot`,
      { hint: 'name a kernel with --kernel, and its initial RAM disk with --initrd' },
    );
  const text = bootWayText(way);
  switch (way.kind) {
    case 'bios':
      return { kind: 'builtin', text };
    case 'uefi':
      return { ...(await takeFirmware(uefi[machine], own, at)), text };
    case 'u-boot':
      return { ...(await takeFirmware(uBoot, own, at)), text };
    case 'kernel':
      return { ...(await takeKernel(root, way, machine, at)), text };
  }
}

async function takeOwnKernel(
  root: FoundRoot,
  machine: MachineName,
  { initrd }: OwnBoot,
  kernel: string,
  at: (name: string) => string,
): Promise<TakenBoot> {
  await copyFile(kernel, at('kernel'));
  if (initrd !== undefined) await copyFile(initrd, at('initrd'));
  return {
    kind: 'kernel',
    image: 'kernel',
    initrd: initrd && 'initrd',
    arguments: kernelArguments(root, machine),
    text: `QEMU loads ${kernel}`,
  };
}

async function takeKernel(
  root: FoundRoot,
  way: Extract<BootWay, { kind: 'kernel' }>,
  machine: MachineName,
  at: (name: string) => string,
) {
  const copy = async (from: string, name: string) => {
    const content = root.files.read(from, mostKernelBytes);
    if (content === undefined)
      throw new ScenarioError('golden-no-boot', `${from} on the disk cannot be read`);
    await writeFile(at(name), content);
    return name;
  };
  const image = await copy(way.kernel, 'kernel');
  const initrd = way.initrd === undefined ? undefined : await copy(way.initrd, 'initrd');
  return { kind: 'kernel' as const, image, initrd, arguments: kernelArguments(root, machine) };
}

const mostKernelBytes = 512 << 20;

async function takeFirmware(
  host: HostFirmware,
  { firmware, hostRoot = '/' }: OwnBoot,
  at: (name: string) => string,
) {
  const found = await firstThere(host.candidates, hostRoot);
  const code = firmware ?? found?.code;
  if (code === undefined)
    throw new HarnessError('firmware-missing', `the firmware that starts this disk is not on this host`, {
      hint: `apt-get install ${host.package}, or name its file with --firmware`,
    });
  await copyFile(code, at('firmware.bin'));
  if (found?.vars !== undefined) await copyFile(found.vars, at('vars.bin'));
  return {
    kind: 'firmware' as const,
    attach: host.attach,
    code: 'firmware.bin',
    vars: found?.vars && 'vars.bin',
  };
}

async function firstThere(candidates: HostFirmware['candidates'], root: string) {
  for (const { code, vars } of candidates) {
    const path = join(root, code);
    if ((await stat(path).catch(() => undefined)) !== undefined)
      return { code: path, vars: vars && join(root, vars) };
  }
  return undefined;
}
