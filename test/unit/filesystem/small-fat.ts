/** Where a FAT12 file system made by `smallFat` has what; in sectors of 512 bytes, one a cluster. */
export const fat = { sectors: 200, reserved: 1, tableSectors: 1, rootStart: 3, dataStart: 5 } as const;

const dataOffset = (cluster: number) => (fat.dataStart + cluster - 2) * 512;

/** A FAT12 with /ENV.TXT (clusters 2 and 4), /loader (3) and, in there, `a long name.efi` (5). */
export function smallFat(): Buffer {
  const image = Buffer.alloc(fat.sectors * 512);
  image.writeUInt16LE(512, 11);
  image.writeUInt8(1, 13);
  image.writeUInt16LE(fat.reserved, 14);
  image.writeUInt8(2, 16);
  image.writeUInt16LE(32, 17);
  image.writeUInt16LE(fat.sectors, 19);
  image.writeUInt16LE(fat.tableSectors, 22);
  image.writeUInt16LE(0xaa55, 510);
  for (const table of [0, 1]) {
    for (const [cluster, next] of [0xff8, 0xfff, 4, 0xfff, 0xfff, 0xfff].entries())
      writeEntry(image.subarray((fat.reserved + table) * 512), cluster, next);
  }
  const root = image.subarray(fat.rootStart * 512);
  writeShort(root.subarray(0), 'ENV     TXT', 0x20, 2);
  writeShort(root.subarray(32), 'LOADER     ', 0x10, 3, 0x08);
  const loader = image.subarray(dataOffset(3));
  writeShort(loader.subarray(0), '.          ', 0x10, 3);
  writeShort(loader.subarray(32), '..         ', 0x10, 0);
  writeLong(loader.subarray(64), 'a long name.efi', 'ALONGN~1EFI');
  writeShort(loader.subarray(128), 'ALONGN~1EFI', 0x20, 5);
  return image;
}

function writeEntry(table: Buffer, cluster: number, next: number): void {
  const at = cluster + (cluster >> 1);
  const old = table.readUInt16LE(at);
  table.writeUInt16LE(cluster % 2 === 0 ? (old & 0xf000) | next : (old & 0xf) | (next << 4), at);
}

function writeShort(entry: Buffer, name: string, attributes: number, cluster: number, lower = 0): void {
  entry.write(name, 'latin1');
  entry.writeUInt8(attributes, 11);
  entry.writeUInt8(lower, 12);
  entry.writeUInt16LE(cluster, 26);
}

/** Two entries, the last part first. */
function writeLong(entries: Buffer, name: string, short: string): void {
  const sum = [...Buffer.from(short)].reduce((all, byte) => (((all & 1) << 7) + (all >> 1) + byte) & 0xff, 0);
  const offsets = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
  for (const [i, part] of [name.slice(13), name.slice(0, 13)].entries()) {
    const entry = entries.subarray(i * 32, (i + 1) * 32);
    entry.writeUInt8(i === 0 ? 0x42 : 1, 0);
    entry.writeUInt8(0x0f, 11);
    entry.writeUInt8(sum, 13);
    for (const [j, offset] of offsets.entries())
      entry.writeUInt16LE(j > part.length ? 0xffff : part.charCodeAt(j) || 0, offset);
  }
}
