/** One `key=value` of a QEMU option, or a word without value, such as the driver that comes first. */
export type QemuOption = readonly [key: string, value?: string];

/** Joins the parts of an option; QEMU's option parser reads `,,` as a comma within a value. */
export function joinOptions(parts: readonly QemuOption[] | Readonly<Record<string, string>>): string {
  const pairs: readonly QemuOption[] = Array.isArray(parts) ? parts : Object.entries(parts);
  return pairs
    .map(([key, value]) => (value === undefined ? key : `${key}=${value}`).replaceAll(',', ',,'))
    .join(',');
}

/** The reverse: `virtio-blk-pci,drive=disk0` is a word without value and a pair. */
export function splitOptions(text: string): QemuOption[] {
  return text
    .replaceAll(',,', '\0')
    .split(',')
    .map((part) => {
      const [, key = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(part.replaceAll('\0', ',')) ?? [];
      return value === undefined ? [key] : [key, value];
    });
}

/** The value of a key in an option's parts. */
export function optionValue(parts: readonly QemuOption[], name: string): string | undefined {
  return parts.find(([key]) => key === name)?.[1];
}

/** A block node that is an NBD export on a unix socket, with TRIM passed on. */
export function nbdNode(nodeName: string, nbd: { socketPath: string; exportName: string }): string {
  return joinOptions({
    driver: 'nbd',
    'node-name': nodeName,
    discard: 'unmap',
    'server.type': 'unix',
    'server.path': nbd.socketPath,
    export: nbd.exportName,
  });
}
