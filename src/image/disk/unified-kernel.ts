/** Where in a PE file what is read or changed here lies (Microsoft's "PE Format": COFF header, PE32+ optional header, section table). */
const at = {
  newHeader: 0x3c,
  /** From the signature on. */
  sections: 6,
  optionalBytes: 20,
  optional: 24,
  /** Within the optional header. */
  initializedData: 8,
  sectionAlignment: 32,
  fileAlignment: 36,
  imageBytes: 56,
  headerBytes: 60,
  /** Within a section's header. */
  virtualBytes: 8,
  virtualAddress: 12,
  rawBytes: 16,
  rawAddress: 20,
  characteristics: 36,
} as const;

const signature = 'PE\0\0';
const sectionHeaderBytes = 40;
const nameBytes = 8;
/** Initialized data that is read; of a kernel code that is run as well. */
const readable = 0x4000_0040;
const runnable = 0x6000_0060;

/** What a unified kernel image consists of besides the stub that starts it. */
export interface UnifiedKernel {
  /** As os-release has it: what systemd-boot shows and orders images by. */
  osRelease: string;
  commandLine: string;
  /** Absent: an image that cannot be started. */
  kernel: Buffer | undefined;
  initrd: Buffer;
}

/**
 * A unified kernel image (UAPI group specification 5): systemd's stub, an EFI program, with the parts that it starts as further
 * sections. Its bytes depend on the inputs only. Throws RangeError where the stub is no PE file, or has no room for more sections.
 */
export function unifiedKernel(
  stub: Buffer,
  { osRelease, commandLine, kernel, initrd }: UnifiedKernel,
): Buffer {
  const parts: [name: string, content: Buffer][] = [
    ['.osrel', Buffer.from(osRelease)],
    ['.cmdline', Buffer.from(commandLine)],
    ['.initrd', initrd],
    ...(kernel === undefined ? [] : [['.linux', kernel] satisfies [string, Buffer]]),
  ];
  const head = Buffer.from(stub);
  const start = head.length > at.newHeader + 4 ? head.readUInt32LE(at.newHeader) : head.length;
  if (head.toString('latin1', start, start + signature.length) !== signature)
    throw new RangeError('the stub is no PE file');
  const optional = start + at.optional;
  const count = head.readUInt16LE(start + at.sections);
  const table = optional + head.readUInt16LE(start + at.optionalBytes);
  const field = (offset: number) => head.readUInt32LE(optional + offset);
  const [align, fileAlign] = [field(at.sectionAlignment), field(at.fileAlignment)];
  const end = table + (count + parts.length) * sectionHeaderBytes;
  if (end > field(at.headerBytes))
    throw new RangeError(
      `the stub has no room for ${parts.length} more sections: ${end} of ${field(at.headerBytes)} bytes`,
    );

  const last = table + (count - 1) * sectionHeaderBytes;
  let address = up(
    head.readUInt32LE(last + at.virtualAddress) + head.readUInt32LE(last + at.virtualBytes),
    align,
  );
  let offset = up(head.length, fileAlign);
  let added = 0;
  const bodies: Buffer[] = [head, Buffer.alloc(offset - head.length)];
  parts.forEach(([name, content], i) => {
    const rawBytes = up(content.length, fileAlign);
    const header = Buffer.alloc(sectionHeaderBytes);
    header.write(name, 0, nameBytes, 'latin1');
    header.writeUInt32LE(content.length, at.virtualBytes);
    header.writeUInt32LE(address, at.virtualAddress);
    header.writeUInt32LE(rawBytes, at.rawBytes);
    header.writeUInt32LE(offset, at.rawAddress);
    header.writeUInt32LE(name === '.linux' ? runnable : readable, at.characteristics);
    header.copy(head, table + (count + i) * sectionHeaderBytes);
    bodies.push(content, Buffer.alloc(rawBytes - content.length));
    offset += rawBytes;
    added += rawBytes;
    address = up(address + content.length, align);
  });
  head.writeUInt16LE(count + parts.length, start + at.sections);
  head.writeUInt32LE(field(at.initializedData) + added, optional + at.initializedData);
  head.writeUInt32LE(address, optional + at.imageBytes);
  return Buffer.concat(bodies);
}

function up(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
