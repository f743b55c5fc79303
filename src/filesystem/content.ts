import { ext4Files } from './ext4/files.ts';
import { noSuperblock } from './ext4/superblock.ts';
import { fatFiles } from './fat/files.ts';
import type { FileTree } from './file-tree.ts';
import { Malformed } from './malformed.ts';
import type { DiskView } from './view.ts';

/** What lies in a partition, or on a bare disk: files that can be read, or something that is known by its name alone. */
export type VolumeContent =
  | { kind: 'files'; files: FileTree }
  | { kind: 'named'; name: string }
  | { kind: 'empty' };

/** Where formats have their magic numbers: those of libblkid, from util-linux. */
const magics: readonly { name: string; offset: number; magic: Buffer }[] = [
  { name: 'LUKS (encrypted)', offset: 0, magic: Buffer.from('LUKS\xba\xbe', 'latin1') },
  { name: 'BitLocker (encrypted)', offset: 3, magic: Buffer.from('-FVE-FS-') },
  { name: 'LVM', offset: 512, magic: Buffer.from('LABELONE') },
  { name: 'a RAID member', offset: 4096, magic: Buffer.from('fc4e2ba9', 'hex') },
  { name: 'squashfs', offset: 0, magic: Buffer.from('hsqs') },
  { name: 'erofs', offset: 1024, magic: Buffer.from('e2e1f5e0', 'hex') },
  { name: 'f2fs', offset: 1024, magic: Buffer.from('1020f5f2', 'hex') },
  { name: 'XFS', offset: 0, magic: Buffer.from('XFSB') },
  { name: 'Btrfs', offset: 0x10040, magic: Buffer.from('_BHRfS_M') },
  { name: 'NTFS', offset: 3, magic: Buffer.from('NTFS    ') },
  { name: 'ISO 9660', offset: 0x8001, magic: Buffer.from('CD001') },
  { name: 'UBI', offset: 0, magic: Buffer.from('UBI#') },
  { name: 'JFFS2', offset: 0, magic: Buffer.from('8519', 'hex') },
  { name: 'swap', offset: 4086, magic: Buffer.from('SWAPSPACE2') },
];
const emptyBytes = 1 << 16;

/** Looks at the bytes of a volume; a file system that is damaged is named so, with the reason. */
export function contentOf(view: DiskView): VolumeContent {
  const reasons: string[] = [];
  for (const open of [ext4Files, fatFiles]) {
    try {
      return { kind: 'files', files: open(view) };
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      reasons.push(error.message);
    }
  }
  const known = magics.find(
    ({ offset, magic }) =>
      offset + magic.length <= view.bytes && view.read(offset, magic.length).equals(magic),
  );
  if (known !== undefined) return { kind: 'named', name: known.name };
  const head = view.read(0, Math.min(emptyBytes, view.bytes));
  if (head.every((byte) => byte === 0)) return { kind: 'empty' };
  // What has ext4's magic number and is none has a reason of its own.
  const [ext4 = ''] = reasons;
  return { kind: 'named', name: ext4 === noSuperblock ? 'something unknown' : `ext4 with ${ext4}` };
}
