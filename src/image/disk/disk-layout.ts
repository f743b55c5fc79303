import { open } from 'node:fs/promises';
import { sha256 } from '../../core/digest.ts';
import type { MachineName } from '../../model/machine.ts';
import type { Tools } from '../tools.ts';
import type { RawArea } from './boot-loader.ts';

const mib = 1 << 20;
const sectorBytes = 512;
const chunkBytes = 1 << 20;

/** One partition of a disk to be written; sizes in MiB so that all is aligned. */
export interface Partition {
  name: string;
  /** As sfdisk takes it: the GUID of the type, or in an MBR its hexadecimal number. */
  type: string;
  mebibytes: number;
}

/** Which partition table a disk has. */
export type TableKind = 'gpt' | 'mbr';

/**
 * Types of partitions. In a GUID partition table those of the UEFI specification and of the Discoverable Partitions
 * Specification for Linux data; in an MBR FAT with LBA, and Linux.
 */
export const partitionTypes = {
  gpt: {
    boot: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
    linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  },
  mbr: { boot: 'c', linux: '83' },
} as const satisfies Record<TableKind, Record<'boot' | 'linux', string>>;

/** Types of root partitions by architecture (Discoverable Partitions Specification). */
export const rootTypes: Readonly<Record<MachineName, string>> = {
  'qemux86-64': '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
  qemuarm64: 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
};

/** Byte offsets of partitions that follow each other from the first MiB on. */
export function partitionOffsets(partitions: readonly Partition[]): number[] {
  let next = mib;
  return partitions.map(({ mebibytes }) => {
    const offset = next;
    next += mebibytes * mib;
    return offset;
  });
}

/** What a disk is made of. */
export interface DiskLayout {
  /** From which its identifiers follow. */
  identity: string;
  table: TableKind;
  partitions: readonly Partition[];
}

/** Writes a sparse disk with a partition table and the given contents, one file a partition or none, and `raw` beside them. */
export async function writeDisk(
  tools: Tools,
  path: string,
  layout: DiskLayout,
  contents: readonly (string | undefined)[],
  raw: readonly RawArea[] = [],
): Promise<void> {
  const { partitions } = layout;
  const offsets = partitionOffsets(partitions);
  const total = mib + partitions.reduce((sum, { mebibytes }) => sum + mebibytes * mib, 0) + mib;
  await using disk = await open(path, 'wx');
  await disk.truncate(total);
  await tools.run('usr/sbin/sfdisk', ['-q', '--no-reread', '--no-tell-kernel', path], {
    input: tableScript(layout),
  });
  for (const [i, content] of contents.entries())
    if (content !== undefined) await copyInto(disk, content, offsets[i] ?? 0);
  for (const { offset, content } of raw) await disk.write(content, 0, content.length, offset);
}

/** The partition table in sfdisk's words. In an MBR partitions have neither name nor identifier of their own. */
export function tableScript({ identity, table, partitions }: DiskLayout): string {
  const offsets = partitionOffsets(partitions);
  const lines = partitions.map(({ name, type, mebibytes }, i) =>
    [
      `start=${(offsets[i] ?? 0) / sectorBytes}`,
      `size=${(mebibytes * mib) / sectorBytes}`,
      `type=${type}`,
      ...(table === 'gpt' ? [`uuid=${fixedUuid(`${identity}/${name}`)}`, `name=${name}`] : []),
    ].join(', '),
  );
  const head =
    table === 'gpt'
      ? ['label: gpt', `label-id: ${fixedUuid(identity)}`]
      : ['label: dos', `label-id: 0x${sha256(identity).slice(0, 8)}`];
  return [...head, 'unit: sectors', ...lines, ''].join('\n');
}

async function copyInto(disk: Awaited<ReturnType<typeof open>>, path: string, offset: number): Promise<void> {
  await using source = await open(path, 'r');
  const chunk = Buffer.alloc(chunkBytes);
  const zeroes = Buffer.alloc(chunkBytes);
  for (let at = 0; ; ) {
    const { bytesRead } = await source.read(chunk, 0, chunkBytes, at);
    if (bytesRead === 0) return;
    if (!chunk.subarray(0, bytesRead).equals(zeroes.subarray(0, bytesRead))) {
      await disk.write(chunk, 0, bytesRead, offset + at);
    }
    at += bytesRead;
  }
}

/** A UUID that depends on nothing but `name` (RFC 9562, version 8: the rest is a digest). */
export function fixedUuid(name: string): string {
  const hex = sha256(name);
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
