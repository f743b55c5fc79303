import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tree } from '../tree.ts';
import { type BootLoader, type BootLoaderInputs, optionalScript, script } from './boot-loader.ts';

const flashBytes = 64 << 20;
const flashEnvironmentBytes = 0x40000;
const environmentBytes = 0x4000;

/** Where on the disk the two copies of a redundant environment begin, before the first partition. */
const redundantOffsets = [0x40000, 0x80000];

/**
 * U-Boot takes its own settings from flash. The slots' state is in a file on the boot partition, or, where the image has a
 * `boot/redundant.env`, in two copies before the first partition, in the form of U-Boot's redundant environment.
 */
export async function uboot({
  tools,
  build,
  firmware,
  scripts,
  machine,
}: BootLoaderInputs): Promise<BootLoader> {
  const commands = await script(scripts, 'boot.cmd', machine);
  const settings = await script(scripts, 'flash.env', machine);
  const redundant = await optionalScript(scripts, 'redundant.env', machine);
  const state = redundant ?? (await script(scripts, 'uboot.env', machine));
  const made = await build.run(
    'uboot',
    {
      version: 1,
      tools: tools.key,
      commands,
      settings,
      state,
      redundant: redundant === undefined ? undefined : true,
    },
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
        ...(redundant === undefined ? [] : ['-r']),
        '-p',
        '0',
        '-o',
        at('uboot.env'),
        at('state.txt'),
      ]);
    },
  );
  const boot = new Tree();
  const environment = await readFile(join(made, 'uboot.env'));
  if (redundant === undefined) boot.addFile('uboot.env', environment);
  boot.addFile('boot.scr', await readFile(join(made, 'boot.scr')));
  const code = await readFile(join(firmware, 'usr/lib/u-boot/qemu_arm64/u-boot.bin'));
  return {
    boot,
    ...(redundant === undefined
      ? {}
      : { raw: redundantOffsets.map((offset) => ({ offset, content: environment })) }),
    vars: await readFile(join(made, 'flash.bin')),
    varsBytes: flashBytes,
    firmware: { attach: 'bios', code },
  };
}
