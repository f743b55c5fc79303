import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../core/digest.ts';
import type { FileRef, ReleaseSpec } from '../model/image.ts';
import { bundleSettings } from './bundle-settings.ts';
import { bundleFormats } from './bundles/index.ts';
import type { BrokenRelease, ReleaseDescription } from './description.ts';
import type { StartFile } from './disk/boot-loader.ts';
import { fixedUuid, writeDisk } from './disk/disk-layout.ts';
import { writeExt4 } from './disk/ext4.ts';
import { bootPartition, inodes, mib, partitions, slots, versionedSlots } from './disk/partitions.ts';
import { writeSquashfs } from './disk/squashfs.ts';
import { makeBundles } from './make-bundles.ts';
import { releaseFiles } from './release-files.ts';
import { breakTree } from './root/broken.ts';
import { initrdPath, kernelPath, nameRelease, releaseRoot } from './root/root.ts';
import type { Tree } from './tree.ts';
import { output, type Workshop } from './workshop.ts';

/** Slots that are only ever mounted read-only: without a journal, in blocks that are fast to write. */
const readOnlySlot = { inodes, journalMiB: 0, blockBytes: 4096 } as const;
/** Slots that a whole system lives in: with a journal, and in blocks so small that there are copies of the superblock. */
const writableSlot = { inodes: 2 * inodes, journalMiB: 4, blockBytes: 1024 } as const;

/** Contents of the partitions that all releases share. */
export interface SharedParts {
  boot: string;
  data: string;
  vars: FileRef;
}

/** Makes the slot's content, the bundles and the factory disk of one release. */
export async function makeRelease(
  shop: Workshop,
  release: ReleaseDescription,
  shared: SharedParts,
): Promise<ReleaseSpec> {
  const { machineName, name, root, base } = shop;
  const { version } = release;
  const tree = await releaseRoot(root, base.tree, name, machineName, release);
  const { image, start, spec } = await packRelease(shop, version, tree);
  if (!release.factory) return spec;
  const boot = start === undefined ? shared.boot : await bootPartition(shop, start);
  const main = await factoryDisk(shop, version, image, { ...shared, boot });
  return { ...spec, factory: { main, vars: shared.vars } };
}

/** Makes a release that is a good one but for one difference: its slot's content and bundles. */
export async function makeBroken(
  shop: Workshop,
  good: ReleaseDescription,
  { version, how }: BrokenRelease,
): Promise<ReleaseSpec> {
  const { description, machineName, name, root, base } = shop;
  const tree = await releaseRoot(root, base.tree, name, machineName, good);
  nameRelease(tree, description, name, machineName, version);
  breakTree(tree, how, description.root.health);
  const { spec } = await packRelease(shop, version, tree);
  return { ...spec, broken: how };
}

/** A release's slot and bundles, made from its files. */
async function packRelease(
  shop: Workshop,
  version: string,
  tree: Tree,
): Promise<{ image: string; start?: StartFile; spec: ReleaseSpec }> {
  const { description, folder, keys, machine, machineName, build, tools } = shop;
  shop.signal?.throwIfAborted();
  const { writable } = description.disk;
  const start = startFile(shop, version, tree);
  const image = await slotImage(shop, version, tree);
  const { size: bytes } = await stat(image);
  const content = await shop.build.digest(image);
  const bundles = await makeBundles(shop, description.bundles.formats, bundleFormats, {
    tools,
    build,
    compatible: `${description.bundles.compatible}-${machineName}`,
    version,
    slots: slots(description, machine),
    image,
    imageSha256: content,
    certificate: join(keys, description.bundles.certificate),
    key: join(keys, description.bundles.key),
    epoch: description.epoch,
    ...(await bundleSettings(description, folder)),
  });
  const told = writable
    ? ({ kind: 'files', files: filesOf(tree) } as const)
    : ({ kind: 'slot', sha256: content, bytes } as const);
  if (start === undefined) return { image, spec: { version, content: told, bundles } };
  const feed = await releaseFiles(shop, { version, image, start });
  return { image, start, spec: { version, content: told, bundles, feed } };
}

/** Takes what a release is started from out of its files, where that does not lie in the slot; undefined where it does. */
function startFile({ loader, base }: Workshop, version: string, tree: Tree): StartFile | undefined {
  if (loader.startFile === undefined) return undefined;
  const contentOf = (path: string) => {
    const node = tree.get(path);
    return node?.type === 'file' ? node.content : undefined;
  };
  const kernel = contentOf(kernelPath);
  const osRelease = contentOf('etc/os-release')?.toString() ?? '';
  tree.remove(kernelPath);
  tree.remove(initrdPath);
  return loader.startFile({ version, osRelease, kernel, initrd: base.initrd });
}

/** What a slot holds when it holds a release: all of the slot, or as much of it as a squashfs needs. */
async function slotImage(shop: Workshop, version: string, tree: Tree): Promise<string> {
  const { description, machine, machineName, name, build, tools } = shop;
  const { writable, filesystem } = description.disk;
  const size = { bytes: machine.slotMiB * mib, epoch: description.epoch };
  const inputs = { version: 3, tree: tree.digest(), tools: tools.key };
  if (filesystem === 'squashfs') {
    const folder = await build.run('slot', { ...inputs, squashfs: size }, (out) =>
      writeSquashfs(tools, tree, join(out, 'slot.squashfs'), size),
    );
    return join(folder, 'slot.squashfs');
  }
  const ext4 = {
    bytes: size.bytes,
    label: 'root',
    uuid: fixedUuid(`${name} ${machineName} ${version}`),
    epoch: size.epoch,
    ...(writable ? writableSlot : readOnlySlot),
  };
  const folder = await build.run('slot', { ...inputs, ext4 }, (out) =>
    writeExt4(tools, tree, join(out, 'slot.ext4'), ext4),
  );
  return join(folder, 'slot.ext4');
}

/** SHA-256 of a release's regular files, by their paths on the device. */
function filesOf(tree: Tree): Record<string, string> {
  return Object.fromEntries(
    tree
      .entries()
      .flatMap(([path, node]) => (node.type === 'file' ? [[`/${path}`, sha256(node.content)]] : [])),
  );
}

/**
 * Both slots hold the same release, and the boot loader's state says that both are good; where slots are named after what they
 * hold, the second one is empty.
 */
async function factoryDisk(
  shop: Workshop,
  version: string,
  slot: string,
  { boot, data }: SharedParts,
): Promise<FileRef> {
  const { description, machine, machineName, name, build, tools, loader } = shop;
  const { slots: naming } = description.disk;
  const names = naming === undefined ? undefined : versionedSlots(version, machineName);
  const layout = partitions(description, machine, names);
  const contentOf: Record<string, string | undefined> = { boot, data, _empty: undefined };
  const contents = layout.map((one) => (one.name in contentOf ? contentOf[one.name] : slot));
  const digests = await Promise.all(
    contents.map(async (path) => (path === undefined ? undefined : build.digest(path))),
  );
  const identity = `${name} ${machineName} ${version}`;
  const { raw } = loader;
  const besides = raw?.map((area) => ({ offset: area.offset, sha256: sha256(area.content) }));
  const { table } = description.disk;
  // What is as it always was is left out, so that disks of older builds are found again.
  const inputs = {
    ...{ version: 1, identity, layout, digests, tools: tools.key, besides },
    ...(table === 'gpt' ? {} : { table }),
  };
  const folder = await build.run('disk', inputs, (out) =>
    writeDisk(tools, join(out, 'disk.img'), { identity, table, partitions: layout }, contents, raw),
  );
  return output(shop, join(folder, 'disk.img'), `disks/${version}-main.img`);
}
