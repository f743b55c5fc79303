import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineDescription } from '../description.ts';
import type { StepCache } from '../steps.ts';
import type { Tools } from '../tools.ts';
import { Tree } from '../tree.ts';

/** What a boot loader puts on the disks. */
export interface BootLoader {
  /** Files of the boot partition, its environment included. */
  boot: Tree;
  /** First bytes of the flash disk `vars`. */
  vars: Buffer;
  /** Size of the flash disk; what follows `vars` is zero. */
  varsBytes: number;
  firmware: { attach: 'bios' | 'pflash'; code: Buffer };
}

/** Where a boot loader finds its parts. */
export interface BootLoaderInputs {
  tools: Tools;
  steps: StepCache;
  /** Unpacked firmware packages. */
  firmware: string;
  /** The image's own folder; scripts are in its `boot` folder. */
  folder: string;
  machine: MachineDescription;
  epoch: number;
}

/** Names of machines' boot loaders to what makes them. */
export const bootLoaders = { grub, uboot } satisfies Record<
  string,
  (inputs: BootLoaderInputs) => Promise<BootLoader>
>;

const grubModules = [
  'part_gpt',
  'fat',
  'ext2',
  'normal',
  'linux',
  'loadenv',
  'test',
  'echo',
  'boot',
  'reboot',
  'sleep',
];
const grubenvBytes = 1024;

/** OVMF starts GRUB from the EFI system partition; the environment is GRUB's 1024-byte block, in two copies. */
async function grub({ tools, steps, firmware, folder, machine }: BootLoaderInputs): Promise<BootLoader> {
  const core = await steps.run('grub', { version: 1, tools: tools.key, grubModules }, async (out) => {
    const modules = join(tools.root, 'usr/lib/grub/x86_64-efi');
    const place = ['-O', 'x86_64-efi', '-d', modules, '-p', '(hd0,gpt1)/grub', '-o', join(out, 'core.efi')];
    await tools.run('usr/bin/grub-mkimage', [...place, ...grubModules]);
  });
  const boot = new Tree();
  const environment = grubEnvironment({ ORDER: 'A B', A_OK: '1', A_TRY: '0', B_OK: '1', B_TRY: '0' });
  boot.addFile('grubenv', environment);
  boot.addFile('grubenv.2', environment);
  boot.addFile('EFI/BOOT/BOOTX64.EFI', await readFile(join(core, 'core.efi')));
  boot.addFile('grub/grub.cfg', await script(folder, 'grub.cfg', machine));
  const vars = await readFile(join(firmware, 'usr/share/OVMF/OVMF_VARS.fd'));
  const code = await readFile(join(firmware, 'usr/share/OVMF/OVMF_CODE.fd'));
  return { boot, vars, varsBytes: vars.length, firmware: { attach: 'pflash', code } };
}

/** GRUB's environment block (GRUB manual, "Environment block"). */
export function grubEnvironment(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return `# GRUB Environment Block\n${lines.join('')}`.padEnd(grubenvBytes, '#');
}

const flashBytes = 64 << 20;
const flashEnvironmentBytes = 0x40000;
const environmentBytes = 0x4000;

/** U-Boot takes its own settings from flash and the slots' state from a file on the boot partition. */
async function uboot({ tools, steps, firmware, folder, machine }: BootLoaderInputs): Promise<BootLoader> {
  const commands = await script(folder, 'boot.cmd', machine);
  const settings = await script(folder, 'flash.env', machine);
  const state = await script(folder, 'uboot.env', machine);
  const made = await steps.run(
    'uboot',
    { version: 1, tools: tools.key, commands, settings, state },
    async (out) => {
      const at = (name: string) => join(out, name);
      await writeFile(at('boot.cmd'), commands);
      await writeFile(at('flash.txt'), settings);
      await writeFile(at('state.txt'), state);
      const type = ['-A', 'arm64', '-O', 'linux', '-T', 'script', '-C', 'none', '-n', 'brownout'];
      await tools.run('usr/bin/mkimage', [...type, '-d', at('boot.cmd'), at('boot.scr')]);
      await tools.run('usr/bin/mkenvimage', [
        '-s',
        String(flashEnvironmentBytes),
        '-p',
        '0',
        '-o',
        at('flash.bin'),
        at('flash.txt'),
      ]);
      await tools.run('usr/bin/mkenvimage', [
        '-s',
        String(environmentBytes),
        '-p',
        '0',
        '-o',
        at('uboot.env'),
        at('state.txt'),
      ]);
    },
  );
  const boot = new Tree();
  boot.addFile('uboot.env', await readFile(join(made, 'uboot.env')));
  boot.addFile('boot.scr', await readFile(join(made, 'boot.scr')));
  const code = await readFile(join(firmware, 'usr/lib/u-boot/qemu_arm64/u-boot.bin'));
  return {
    boot,
    vars: await readFile(join(made, 'flash.bin')),
    varsBytes: flashBytes,
    firmware: { attach: 'bios', code },
  };
}

async function script(folder: string, name: string, machine: MachineDescription): Promise<string> {
  const text = await readFile(join(folder, 'boot', name), 'utf8');
  return text.replaceAll('@arguments@', `console=${machine.console} ${machine.kernelArguments}`);
}
