import { dirname, resolve } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { readText } from '../document/read.ts';
import { type ConfigValue, parseConfigSection } from './config-file.ts';
import { splitWords } from './words.ts';

/** What a qemuboot.conf may hold besides names and paths: QB_* of openembedded-core's qemuboot.bbclass and runqemu. */
const options = [
  'qb_system_name',
  'qb_machine',
  'qb_cpu',
  'qb_cpu_kvm',
  'qb_smp',
  'qb_mem',
  'qb_default_kernel',
  'qb_default_fstype',
  'qb_default_bios',
  'qb_dtb',
  'qb_fsinfo',
  'qb_kernel_root',
  'qb_kernel_cmdline',
  'qb_kernel_cmdline_append',
  'qb_rootfs',
  'qb_rootfs_opt',
  'qb_rootfs_extra_opt',
  'qb_drive_type',
  'qb_network_device',
  'qb_net',
  'qb_slirp_opt',
  'qb_cmdline_ip_slirp',
  'qb_rng',
  'qb_serial_opt',
  'qb_tcpserial_opt',
  'qb_graphics',
  'qb_opt_append',
  'qb_setup_cmd',
  'qb_cleanup_cmd',
] as const;

type QemuBootOption = (typeof options)[number];

/** What runqemu would know of an image: a `*.qemuboot.conf`. */
export interface QemuBoot {
  /** The file itself, and the folder that its relative values refer to; absolute. */
  path: string;
  folder: string;
  /** Yocto's MACHINE: `qemuarm64`. */
  machine: string;
  /** Architecture that the packages are tuned for: `aarch64`; empty where the file has none. */
  tuneArch: string;
  /** Name with and without the time of the build; files of the image begin with one of them. Empty where absent. */
  imageName: string;
  imageLinkName: string;
  /** `bzImage`, `Image`. */
  kernelImageType: string;
  /** Devices with a login, first the one that the kernel's messages are for: `ttyS0`, `ttyS1`. */
  serialConsoles: string[];
  /** QB_* by the file's own keys; empty where the file has none, as in runqemu. */
  options: Readonly<Record<QemuBootOption, string>>;
  /** Every other key, paths made absolute. */
  others: Readonly<Record<string, string>>;
  /** Line (from 1) of each key. */
  lines: ReadonlyMap<string, number>;
}

/** Reads a file; see parseQemuBoot. Throws ScenarioError `document-unreadable` too. */
export async function readQemuBoot(path: string): Promise<QemuBoot> {
  const absolute = resolve(path);
  return parseQemuBoot(await readText(absolute), absolute);
}

/**
 * Reads the text of a qemuboot.conf at an absolute path. As in runqemu, a value that begins with `../`, and `.`, are
 * paths from the file's folder. Throws ScenarioError `qemuboot-invalid` with `path:line`.
 */
export function parseQemuBoot(text: string, path: string): QemuBoot {
  const folder = dirname(path);
  const section = parseConfigSection(text, path, 'config_bsp');
  const rest = new Map([...section].map(([key, { value }]) => [key, located(value, folder)]));
  const take = (key: string): string => {
    const value = rest.get(key) ?? '';
    rest.delete(key);
    return value;
  };
  const machine = take('machine');
  if (machine === '') {
    throw new ScenarioError(
      'qemuboot-invalid',
      `${path}:${section.get('machine')?.line ?? 1}: machine is missing`,
      {
        hint: 'build the image again with IMAGE_CLASSES += "qemuboot"',
      },
    );
  }
  return {
    path,
    folder,
    machine,
    tuneArch: take('tune_arch'),
    imageName: take('image_name'),
    imageLinkName: take('image_link_name'),
    kernelImageType: take('kernel_imagetype'),
    serialConsoles: consoles(take('serial_consoles'), path, section.get('serial_consoles')),
    options: Object.fromEntries(options.map((key) => [key, take(key)])) as Record<QemuBootOption, string>,
    others: Object.fromEntries(rest),
    lines: new Map([...section].map(([key, { line }]) => [key, line])),
  };
}

/** `file:line: key`, with which messages about a value begin. */
export function placeOf({ path, lines }: QemuBoot, key: QemuBootOption): string {
  const line = lines.get(key);
  return line === undefined ? `${path}: ${key}` : `${path}:${line}: ${key}`;
}

/** The words of a value that is part of QEMU's command line. Throws ScenarioError `qemuboot-invalid`. */
export function wordsOf(boot: QemuBoot, key: QemuBootOption): string[] {
  return splitWords(boot.options[key], placeOf(boot, key));
}

function located(value: string, folder: string): string {
  return value === '.' || value.startsWith('../') ? resolve(folder, value) : value;
}

/** `115200;ttyS0 115200;ttyS1`: speed and device, in the order of Yocto's SERIAL_CONSOLES. */
function consoles(value: string, path: string, at: ConfigValue | undefined): string[] {
  return value
    .split(/\s+/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const device = /^\d+;([\w/-]+)/.exec(entry)?.[1];
      if (device !== undefined) return device;
      const message = `serial_consoles: expected entries such as 115200;ttyS0, found ${JSON.stringify(entry.slice(0, 60))}`;
      throw new ScenarioError('qemuboot-invalid', `${path}:${at?.line ?? 1}: ${message}`);
    });
}
