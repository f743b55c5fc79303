import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/digest.ts';
import { Tree } from '../tree.ts';
import { type BootLoader, type BootLoaderInputs, optionalScript, script } from './boot-loader.ts';
import { uefi } from './uefi.ts';

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
/** For a slot that is a squashfs, and a script that stops where nothing can be started. */
const squashfsModules = ['squash4', 'halt'];
/** For a script that takes its entries from files of the Boot Loader Specification; GRUB 2.14 has it. */
const entryModules = ['blsuki', 'gzio'];
const grubenvBytes = 1024;
const blockHead = '# GRUB Environment Block\n';

/**
 * OVMF starts GRUB from the EFI system partition. The environment is GRUB's 1024-byte block: where the image has a
 * `boot/grub.env`, of its lines, in the place of GRUB's own; where it has a `boot/mender.env`, of those, in the two folders with
 * locks that grub-mender-grubenv has; where it has a `boot/sysota.env`, of those or that block, beside GRUB itself as SystemOTA has it, and GRUB
 * reads squashfs; else RAUC's variables, in two copies.
 */
export async function grub({
  tools,
  build,
  firmware,
  scripts,
  machine,
}: Omit<BootLoaderInputs, 'system' | 'machineName'>): Promise<BootLoader> {
  const own = await optionalScript(scripts, 'grub.env', machine);
  const mender = await optionalScript(scripts, 'mender.env', machine);
  const sysota = await optionalScript(scripts, 'sysota.env', machine);
  const menu = await script(scripts, 'grub.cfg', machine);
  const wanted = [
    ...grubModules,
    ...(sysota === undefined ? [] : squashfsModules),
    ...(/^blscfg\b/m.test(menu) ? entryModules : []),
  ];
  const core = await build.run('grub', { version: 1, tools: tools.key, grubModules: wanted }, async (out) => {
    const modules = join(tools.root, 'usr/lib/grub/x86_64-efi');
    const place = ['-O', 'x86_64-efi', '-d', modules, '-p', '(hd0,gpt1)/grub', '-o', join(out, 'core.efi')];
    await tools.run('usr/bin/grub-mkimage', [...place, ...wanted]);
  });
  const boot = new Tree();
  if (own !== undefined) boot.addFile('grub/grubenv', grubEnvironment(variablesOf(own)));
  else if (mender !== undefined) addMenderFolders(boot, grubEnvironment(variablesOf(mender)));
  else if (sysota !== undefined) boot.addFile('EFI/BOOT/grubenv', blockOf(sysota));
  else {
    const environment = grubEnvironment({ ORDER: 'A B', A_OK: '1', A_TRY: '0', B_OK: '1', B_TRY: '0' });
    boot.addFile('grubenv', environment);
    boot.addFile('grubenv.2', environment);
  }
  boot.addFile('EFI/BOOT/BOOTX64.EFI', await readFile(join(core, 'core.efi')));
  boot.addFile('grub/grub.cfg', menu);
  return { boot, ...(await uefi(firmware, 'qemux86-64')) };
}

/** Either folder has the variables, the lock that says whether they are being written, and the lock's sum for userland. */
function addMenderFolders(boot: Tree, environment: string): void {
  const lock = grubEnvironment({ editing: '0' });
  for (const number of [1, 2]) {
    const folder = `grub-mender-grubenv/mender_grubenv${number}`;
    boot.addFile(`${folder}/env`, environment);
    boot.addFile(`${folder}/lock`, lock);
    boot.addFile(`${folder}/lock.sha256sum`, `${sha256(lock)}  lock\n`);
  }
}

/** The variables of lines such as `boot_slot=A`. */
export function variablesOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** A block as it is, in the size that it has, or made of lines such as `boot_slot=A`. */
function blockOf(text: string): string {
  return text.startsWith(blockHead) ? text : grubEnvironment(variablesOf(text));
}

/** GRUB's environment block (GRUB manual, "Environment block"). */
export function grubEnvironment(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return `${blockHead}${lines.join('')}`.padEnd(grubenvBytes, '#');
}
