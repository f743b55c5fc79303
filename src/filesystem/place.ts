import type { TableArea } from './partitions/partition.ts';

/** What lies at a place of a disk. */
export type Content =
  | { kind: 'partition-table'; format: TableArea['format'] }
  | { kind: 'boot-sector' }
  | { kind: 'superblock' | 'group-descriptors'; group: number }
  | { kind: 'block-bitmap' | 'inode-bitmap'; group: number }
  /** The inodes in use there; `path` is missing where no directory names it. */
  | { kind: 'inode-table'; inodes: { number: number; path: string | undefined }[] }
  | { kind: 'journal' }
  /** `inode` only where the file system has inodes. */
  | { kind: 'directory' | 'attributes' | 'block-list'; path: string; inode?: number }
  /** Byte offset within the file. */
  | { kind: 'file'; path: string; inode?: number; offset: number; bytes: number }
  | { kind: 'fat-table'; copy: number }
  | { kind: 'free' }
  /** No file system that is understood; offset within the partition. */
  | { kind: 'raw'; offset: number; bytes: number }
  /** Flash in which UEFI's firmware keeps its variables. */
  | { kind: 'variables'; offset: number; bytes: number }
  | { kind: 'outside' };

/** A stretch of a disk with one owner, in words for people and for programs. */
export interface Place {
  /** In bytes from the start of the disk. */
  offset: number;
  bytes: number;
  /** Name of the partition; undefined outside of all. */
  partition: string | undefined;
  filesystem: 'ext4' | 'fat12' | 'fat16' | 'fat32' | undefined;
  content: Content;
  /** `data: /rauc/slot.status (inode 17, bytes 0-4095)`. */
  text: string;
}

const mostInodes = 4;

/** Bytes of a region where there is no file system to say what is one thing. */
const rawRegionBytes = 4096;

/** What a place is part of, without offsets and numbers: `data: /etc/app.conf`, `data: inode table`. */
export function regionsOf({ partition, content, offset, bytes }: Place): string[] {
  const within = (text: string) => (partition === undefined ? text : `${printable(partition)}: ${text}`);
  switch (content.kind) {
    case 'raw':
    case 'variables':
      return rawRegions(content).map(within);
    case 'outside':
      return rawRegions({ offset, bytes }).map(within);
    case 'file':
      return [within(printable(content.path))];
    case 'directory':
    case 'attributes':
    case 'block-list':
      return [within(printable(`${kindTexts[content.kind]} ${content.path}`))];
    case 'partition-table':
    case 'boot-sector':
    case 'superblock':
    case 'group-descriptors':
    case 'block-bitmap':
    case 'inode-bitmap':
    case 'inode-table':
    case 'journal':
    case 'fat-table':
    case 'free':
      return [within(content.kind.replaceAll('-', ' '))];
  }
}

const kindTexts = {
  directory: 'directory',
  attributes: 'extended attributes of',
  'block-list': 'block list of',
} as const;

function rawRegions({ offset, bytes }: { offset: number; bytes: number }): string[] {
  const first = Math.floor(offset / rawRegionBytes);
  const last = Math.floor((offset + Math.max(bytes, 1) - 1) / rawRegionBytes);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const from = (first + i) * rawRegionBytes;
    return rangeText({ offset: from, bytes: rawRegionBytes });
  });
}

/** One line for people: the partition, and what lies there. */
export function placeText(partition: string | undefined, content: Content): string {
  const text = printable(contentText(content));
  return partition === undefined ? text : `${printable(partition)}: ${text}`;
}

function contentText(content: Content): string {
  switch (content.kind) {
    case 'partition-table':
      return content.format;
    case 'boot-sector':
      return 'boot sector';
    case 'superblock':
      return content.group === 0 ? 'superblock' : `copy of the superblock in group ${content.group}`;
    case 'group-descriptors':
      return content.group === 0
        ? 'group descriptors'
        : `copy of the group descriptors in group ${content.group}`;
    case 'block-bitmap':
      return `block bitmap of group ${content.group}`;
    case 'inode-bitmap':
      return `inode bitmap of group ${content.group}`;
    case 'inode-table':
      return `inode table${inodesText(content.inodes)}`;
    case 'journal':
      return 'journal';
    case 'directory':
      return `directory ${content.path}${inText(content.inode, undefined)}`;
    case 'attributes':
      return `extended attributes of ${content.path}${inText(content.inode, undefined)}`;
    case 'block-list':
      return `block list of ${content.path}${inText(content.inode, undefined)}`;
    case 'file':
      return `${content.path}${inText(content.inode, content)}`;
    case 'fat-table':
      return content.copy === 0 ? 'FAT' : `copy ${content.copy} of the FAT`;
    case 'free':
      return 'free space';
    case 'raw':
      return `no file system (slot or raw data), ${rangeText(content)}`;
    case 'variables':
      return rangeText(content);
    case 'outside':
      return 'outside of all partitions';
  }
}

function inText(inode: number | undefined, range: { offset: number; bytes: number } | undefined): string {
  const parts = [
    ...(inode === undefined ? [] : [`inode ${inode}`]),
    ...(range === undefined ? [] : [rangeText(range)]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function rangeText({ offset, bytes }: { offset: number; bytes: number }): string {
  return `bytes ${offset}-${offset + bytes - 1}`;
}

function inodesText(inodes: readonly { number: number; path: string | undefined }[]): string {
  if (inodes.length === 0) return '';
  const shown = inodes.slice(0, mostInodes).map(({ number, path }) => `${number} ${path ?? '(no name)'}`);
  const more = inodes.length > mostInodes ? [`${inodes.length - mostInodes} more`] : [];
  return ` (inode ${[...shown, ...more].join(', ')})`;
}

/** Names come from a disk that may be damaged: control characters as escapes. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
