import { contentOf, type VolumeContent } from '../filesystem/content.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import { partitionTable } from '../filesystem/partitions/gpt.ts';
import { volumesOf } from '../filesystem/partitions/volumes.ts';
import { type DiskView, partView } from '../filesystem/view.ts';
import { type FoundSystem, systemIn } from './found-system.ts';

/** A partition, or a bare disk, and what lies in it. */
export interface FoundVolume {
  /** As Linux counts them; 0: the disk has no partition table. */
  index: number;
  /** The table's name for it; mostly empty. */
  name: string;
  typeGuid: string;
  /** In bytes from the start of the disk. */
  offset: number;
  bytes: number;
  content: VolumeContent;
}

/** A volume with an operating system. */
export interface FoundRoot {
  volume: FoundVolume;
  files: FileTree;
  system: FoundSystem;
}

/** What a disk image holds, found without running any of it. */
export interface FoundDisk {
  bytes: number;
  /** `damaged GPT`: neither of its copies can be read. */
  table: 'GPT' | 'MBR' | 'damaged GPT' | 'none';
  /** Whether only the copy at the end could be read, which Linux does not look at. */
  byBackup: boolean;
  /** Partitions that end beyond the disk, in bytes from its start. */
  outside: { index: number; name: string; end: number }[];
  /** Partitions that share bytes with others, of which nothing is read. */
  overlapping: number[];
  /** Whether the first sector has code that a BIOS would start. */
  bootCode: boolean;
  volumes: FoundVolume[];
  roots: FoundRoot[];
}

/** Where a master boot record has its code; its end is the disk's signature and the table. */
const bootCodeBytes = 440;

/** Reads partition table, file systems and operating systems of a disk. What is damaged is named, and never thrown. */
export function findOn(view: DiskView): FoundDisk {
  const { partitions, areas, unreadable, outside } = partitionTable(view);
  const volumes = volumesOf(view).map(({ index, name, typeGuid, offset, bytes }): FoundVolume => {
    const content = contentOf(partView(view, offset, bytes));
    return { index, name, typeGuid, offset, bytes, content };
  });
  const roots = volumes.flatMap((volume): FoundRoot[] => {
    if (volume.content.kind !== 'files') return [];
    const { files } = volume.content;
    const system = systemIn(files);
    return system === undefined ? [] : [{ volume, files, system }];
  });
  const first = view.read(0, Math.min(bootCodeBytes, view.bytes));
  return {
    bytes: view.bytes,
    table:
      unreadable.length === 2
        ? 'damaged GPT'
        : areas[0]?.format === 'GPT'
          ? 'GPT'
          : areas.length > 0
            ? 'MBR'
            : 'none',
    byBackup: unreadable.length === 1 && unreadable[0] === 'primary',
    outside: outside.map(({ index, name, offset, bytes: length }) => ({ index, name, end: offset + length })),
    overlapping: partitions
      .map(({ index }) => index)
      .filter((index) => !volumes.some((volume) => volume.index === index)),
    bootCode: areas.length > 0 && first.some((byte) => byte !== 0),
    volumes,
    roots,
  };
}

/** `p2 (rootfs)`. */
export function partitionText({ index, name }: { index: number; name: string }): string {
  return `p${index}${name === '' ? '' : ` (${name})`}`;
}

/** `p2 (rootfs), ext4 "root", 512 MiB`: how a volume is told from others. */
export function volumeText({ index, name, bytes, content }: FoundVolume): string {
  const place = index === 0 ? 'the whole disk' : partitionText({ index, name });
  const what =
    content.kind === 'empty'
      ? 'empty'
      : content.kind === 'named'
        ? content.name
        : `${content.files.kind}${content.files.label === '' ? '' : ` "${content.files.label}"`}`;
  return `${place}, ${what}, ${Math.round(bytes / 2 ** 20)} MiB`;
}
