import { ScenarioError } from '../core/errors.ts';
import { diskDevice, nodeName } from '../qemu/machine-options.ts';
import { joinOptions, nbdNode, optionValue, splitOptions } from '../qemu/options.ts';
import { type BootRequest, type OwnNeeds, type Part, type RootDisk, same } from './part.ts';
import { placeOf, type QemuBoot, wordsOf } from './qemu-boot.ts';
import { fillPlaceholders, optionPairs } from './words.ts';

/** Whether the disk has its own boot loader and kernel: a wic image, unless QB_FSINFO says otherwise. */
export function bootsByItself({ options }: QemuBoot, rootfs: RootDisk): boolean {
  if (rootfs.type !== 'wic') return false;
  const flags = options.qb_fsinfo.split(/\s+/).filter((flag) => /^wic:(no-)?kernel-in-fs$/.test(flag));
  return flags.at(-1) !== 'wic:no-kernel-in-fs';
}

/** The root file system's disk. Throws ScenarioError `qemuboot-unsupported` for one that cannot be an NBD export. */
export function rootDriveParts({ boot, files: { rootfs }, own }: BootRequest): Part[] {
  if (rootfs === undefined || boot.options.qb_rootfs === 'none') return [same('disk', [])];
  const words = runqemuDrive(boot, rootfs);
  return [
    {
      option: 'disk',
      runqemu: words,
      brownout: ownDrive(boot, words, rootfs.path, own.disk),
      why: "the disk is brownout's own NBD export with a write-back cache, so that a power cut loses what was not flushed; the build's file is only read, and -snapshot is never needed",
    },
  ];
}

function runqemuDrive(boot: QemuBoot, rootfs: RootDisk): string[] {
  const file = joinOptions({ file: rootfs.path });
  const { qb_rootfs_extra_opt: more, qb_drive_type: type } = boot.options;
  if (!bootsByItself(boot, rootfs)) {
    const given = wordsOf(boot, 'qb_rootfs_opt');
    if (given.length === 0) return ['-drive', `${file},if=virtio,format=raw`];
    return fillPlaceholders(given, { ROOTFS: rootfs.path }, placeOf(boot, 'qb_rootfs_opt'));
  }
  const extra = more === '' || more.startsWith(',') ? more : `,${more}`;
  if (type === '') {
    const message = `${placeOf(boot, 'qb_drive_type')} is missing: it says how a wic image is attached`;
    throw new ScenarioError('qemuboot-invalid', message, {
      hint: 'QB_DRIVE_TYPE = "/dev/sd" is the usual value',
    });
  }
  if (type.startsWith('/dev/sd')) {
    const drive = ['-drive', `if=none,id=hd,${file},format=raw`];
    return [...drive, '-device', 'virtio-scsi-pci,id=scsi', '-device', `scsi-hd,drive=hd${extra}`];
  }
  if (type.startsWith('/dev/hd')) return ['-drive', `${file},format=raw`];
  if (type.startsWith('/dev/vdb')) {
    const drive = ['-drive', `id=disk0,${file},if=none,format=raw`];
    return [...drive, '-device', `virtio-blk-device,drive=disk0${extra}`];
  }
  return ['-drive', `if=virtio,${file},format=raw`];
}

/** The same device on our own disk: `-drive` becomes a node, and the device that named it names the node. */
function ownDrive(boot: QemuBoot, words: readonly string[], path: string, disk: OwnNeeds['disk']): string[] {
  const spec = { id: disk.id, cache: 'writeback' } as const;
  const drives = optionPairs(words).map(([option, value]) => ({
    option,
    value,
    parts: splitOptions(value ?? ''),
  }));
  const root = drives.find(({ option, parts }) => option === '-drive' && optionValue(parts, 'file') === path);
  const bus = root === undefined ? undefined : optionValue(root.parts, 'if');
  const id = root === undefined ? undefined : optionValue(root.parts, 'id');
  const uses = ({ option, parts }: (typeof drives)[number]) =>
    option === '-device' && id !== undefined && optionValue(parts, 'drive') === id;
  if (root === undefined || (bus !== 'virtio' && (bus !== 'none' || !drives.some(uses)))) {
    const key = boot.options.qb_rootfs_opt === '' ? 'qb_drive_type' : 'qb_rootfs_opt';
    throw new ScenarioError(
      'qemuboot-unsupported',
      `${placeOf(boot, key)}: brownout can put its own disk only in place of a -drive with if=virtio, or with if=none and a -device that uses it; found ${JSON.stringify(words.join(' ').slice(0, 120))}`,
    );
  }
  return drives.flatMap((drive) => {
    const { option, value, parts } = drive;
    if (drive === root) {
      const backend = ['-blockdev', nbdNode(nodeName(spec), disk)];
      return bus === 'virtio' ? [...backend, '-device', diskDevice([['virtio-blk-pci']], spec)] : backend;
    }
    if (uses(drive)) return [option, diskDevice(parts, spec)];
    return value === undefined ? [option] : [option, value];
  });
}
