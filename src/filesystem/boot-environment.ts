import { crc32 } from 'node:zlib';

/** Variables of a boot loader, as they are on a disk. */
export interface BootEnvironment {
  /** `redundant`: one of two copies, which a number tells the age of. */
  format: 'grub' | 'u-boot' | 'u-boot redundant';
  variables: ReadonlyMap<string, string>;
}

const grubHead = '# GRUB Environment Block\n';
const crcBytes = 4;

/**
 * Reads GRUB's block (grub-editenv) or U-Boot's environment (mkenvimage, with or without `-r`): undefined where the bytes are
 * neither, or their checksum is wrong. `bytes`: all of it, and nothing else.
 */
export function readBootEnvironment(bytes: Buffer): BootEnvironment | undefined {
  if (bytes.toString('latin1', 0, grubHead.length) === grubHead)
    return { format: 'grub', variables: variablesIn(bytes.toString('latin1', grubHead.length), '\n') };
  for (const [format, head] of [
    ['u-boot', crcBytes],
    ['u-boot redundant', crcBytes + 1],
  ] as const) {
    if (bytes.length <= head || crc32(bytes.subarray(head)) !== bytes.readUInt32LE(0)) continue;
    const [text = ''] = bytes.toString('latin1', head).split('\0\0', 1);
    return { format, variables: variablesIn(text, '\0') };
  }
  return undefined;
}

/** The same bytes with other values, each as long as the one before, so that nothing moves. Throws RangeError for any other. */
export function withValues(bytes: Buffer, values: ReadonlyMap<string, string>): Buffer {
  const known = readBootEnvironment(bytes);
  if (known === undefined) throw new RangeError('these bytes are no environment of a boot loader');
  let text = bytes.toString('latin1');
  for (const [name, value] of values) {
    const before = known.variables.get(name);
    if (before?.length !== value.length)
      throw new RangeError(`${name} can only be given as many letters as it has`);
    const at = text.indexOf(`${name}=${before}`);
    text = `${text.slice(0, at)}${name}=${value}${text.slice(at + name.length + 1 + value.length)}`;
  }
  const changed = Buffer.from(text, 'latin1');
  if (known.format === 'grub') return changed;
  const head = known.format === 'u-boot' ? crcBytes : crcBytes + 1;
  changed.writeUInt32LE(crc32(changed.subarray(head)), 0);
  return changed;
}

function variablesIn(text: string, separator: string): Map<string, string> {
  return new Map(
    text.split(separator).flatMap((line): [string, string][] => {
      const [, name, value] = /^([\w.]+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}
