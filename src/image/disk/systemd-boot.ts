import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tree } from '../tree.ts';
import { type BootLoader, type BootLoaderInputs, script } from './boot-loader.ts';
import { uefi, uefiOf } from './uefi.ts';
import { unifiedKernel } from './unified-kernel.ts';

/** Of the package systemd-boot-efi. */
const programs = 'usr/lib/systemd/boot/efi';

/**
 * UEFI starts systemd-boot from the EFI system partition, and that the unified kernel image whose version is the newest and whose
 * tries are not used up: it counts them in the image's name (Automatic Boot Assessment). The image's `boot/loader.conf` is its
 * configuration, and `boot/cmdline` the kernels' command line, where `@version@` stands for the release.
 */
export async function systemdBoot({
  firmware,
  system,
  scripts,
  machine,
  machineName,
}: BootLoaderInputs): Promise<BootLoader> {
  const { suffix } = uefiOf[machineName];
  const boot = new Tree();
  boot.addFile(
    `EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`,
    await readFile(join(system, programs, `systemd-boot${suffix}.efi`)),
  );
  boot.addFile('loader/loader.conf', await script(scripts, 'loader.conf', machine));
  boot.addDirectory('EFI/Linux');
  const stub = await readFile(join(system, programs, `linux${suffix}.efi.stub`));
  const commandLine = (await script(scripts, 'cmdline', machine)).trim();
  return {
    boot,
    ...(await uefi(firmware, machineName)),
    startFile: ({ version, ...parts }) => ({
      folder: 'EFI/Linux',
      name: `brownout_${version}.efi`,
      content: unifiedKernel(stub, { ...parts, commandLine: commandLine.replaceAll('@version@', version) }),
    }),
  };
}
