import { join } from 'node:path';
import { sha256 } from '../../core/digest.ts';
import type { SlotSpec } from '../../model/image.ts';
import type { MachineName } from '../../model/machine.ts';
import type { BuiltImage, MachineDescription } from '../description.ts';
import { Tree } from '../tree.ts';
import type { SystemImageOptions, Workshop } from '../workshop.ts';
import type { StartFile } from './boot-loader.ts';
import { fixedUuid, type Partition, partitionOffsets, partitionTypes, rootTypes } from './disk-layout.ts';
import { writeExt4 } from './ext4.ts';
import { writeFat } from './fat.ts';

export const mib = 1 << 20;
/** More than the releases need; the table costs 256 bytes each. */
export const inodes = 2048;

/** The boot partition: boot loader and its environment, and what devices start from that leave the factory with a release. */
export async function bootPartition(
  shop: Workshop<SystemImageOptions & { description: { disk: { bootMiB: number } } }>,
  start?: StartFile,
): Promise<string> {
  const { description, loader, machineName, name, build, tools } = shop;
  const tree = loader.boot.clone();
  if (start !== undefined) tree.addFile(`${start.folder}/${start.name}`, start.content);
  const volumeId = sha256(`${name} ${machineName}`).slice(0, 8);
  const fat = { bytes: description.disk.bootMiB * mib, label: 'BOOT', volumeId, epoch: description.epoch };
  const folder = await build.run('boot', { version: 1, fat, tree: tree.digest(), tools: tools.key }, (out) =>
    writeFat(tools, tree, join(out, 'boot.fat'), fat),
  );
  return join(folder, 'boot.fat');
}

/** The data partition as it leaves the factory. */
export async function dataPartition({
  description,
  machineName,
  name,
  build,
  tools,
}: Workshop): Promise<string> {
  const tree = new Tree();
  for (const path of description.disk.dataDirectories) tree.addDirectory(path);
  const uuid = fixedUuid(`${name} ${machineName} data`);
  const ext4 = {
    bytes: description.disk.dataMiB * mib,
    label: 'data',
    uuid,
    epoch: description.epoch,
    inodes,
    journalMiB: 4,
    blockBytes: 1024 as const,
  };
  const folder = await build.run('data', { version: 3, ext4, tree: tree.digest(), tools: tools.key }, (out) =>
    writeExt4(tools, tree, join(out, 'data.ext4'), ext4),
  );
  return join(folder, 'data.ext4');
}

/** How a partition table calls the slots, and of which type they are. */
export interface SlotNames {
  names: readonly [string, string];
  type: string;
}

/** As systemd-sysupdate finds them with `MatchPartitionType=root` and `MatchPattern=root_@v`; nothing is in the second one yet. */
export function versionedSlots(version: string, machineName: MachineName): SlotNames {
  return { names: [`root_${version}`, '_empty'], type: rootTypes[machineName] };
}

/** The partitions of the main disk, in order. */
export function partitions(
  { disk: { table, data, bootMiB, dataMiB } }: Pick<BuiltImage, 'disk'>,
  { slotMiB }: Pick<MachineDescription, 'slotMiB'>,
  { names, type }: SlotNames = { names: ['slot-a', 'slot-b'], type: partitionTypes[table].linux },
): Partition[] {
  const { boot, linux } = partitionTypes[table];
  const slotParts = names.map((name) => ({ name, type, mebibytes: slotMiB }));
  const owners = { name: 'data', type: linux, mebibytes: dataMiB };
  const behind = data === 'last' ? [...slotParts, owners] : [owners, ...slotParts];
  return [{ name: 'boot', type: boot, mebibytes: bootMiB }, ...behind];
}

/** Where the slots lie. */
export function slots(
  description: Pick<BuiltImage, 'disk'>,
  machine: Pick<MachineDescription, 'slotMiB'>,
): SlotSpec[] {
  const layout = partitions(description, machine);
  const offsets = partitionOffsets(layout);
  return Object.entries({ A: 'slot-a', B: 'slot-b' }).map(([name, partition]) => {
    const at = layout.findIndex((one) => one.name === partition);
    return {
      name,
      disk: 'main',
      offset: offsets[at] ?? 0,
      length: machine.slotMiB * mib,
      root: `/dev/vda${at + 1}`,
    };
  });
}
