import { join } from 'node:path';
import { sha256 } from '../core/digest.ts';
import type { FileRef, ReleaseSpec } from '../model/image.ts';
import { bundleFormats } from './bundles/index.ts';
import type { BrokenRelease, ReleaseDescription } from './description.ts';
import { fixedUuid, writeDisk } from './disk/disk-layout.ts';
import { writeExt4 } from './disk/ext4.ts';
import { inodes, mib, partitions, slots } from './disk/partitions.ts';
import { makeBundles } from './make-bundles.ts';
import { breakTree } from './root/broken.ts';
import { nameRelease, releaseRoot } from './root/root.ts';
import type { Tree } from './tree.ts';
import { output, type Workshop } from './workshop.ts';

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
  const { image, spec } = await packRelease(shop, version, tree);
  if (!release.factory) return spec;
  const { content, bundles } = spec;
  const main = await factoryDisk(shop, version, image, shared);
  return { version, factory: { main, vars: shared.vars }, content, bundles };
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
): Promise<{ image: string; spec: ReleaseSpec }> {
  const { description, keys, machine, machineName, name, build, tools } = shop;
  shop.signal?.throwIfAborted();
  const bytes = machine.slotMiB * mib;
  const ext4 = {
    bytes,
    label: 'root',
    uuid: fixedUuid(`${name} ${machineName} ${version}`),
    epoch: description.epoch,
    inodes,
    journalMiB: 0,
    blockBytes: 4096 as const,
  };
  const slot = await build.run('slot', { version: 3, tree: tree.digest(), ext4, tools: tools.key }, (out) =>
    writeExt4(tools, tree, join(out, 'slot.ext4'), ext4),
  );
  const image = join(slot, 'slot.ext4');
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
  });
  return { image, spec: { version, content: { kind: 'slot', sha256: content, bytes }, bundles } };
}

/** Both slots hold the same release, and the boot loader's state says that both are good. */
async function factoryDisk(
  shop: Workshop,
  version: string,
  slot: string,
  { boot, data }: SharedParts,
): Promise<FileRef> {
  const { description, machine, machineName, name, build, tools, loader } = shop;
  const layout = partitions(description, machine);
  const contents = [boot, slot, slot, data];
  const digests = await Promise.all(contents.map((path) => build.digest(path)));
  const identity = `${name} ${machineName} ${version}`;
  const { raw } = loader;
  const besides = raw?.map((area) => ({ offset: area.offset, sha256: sha256(area.content) }));
  const inputs = { version: 1, identity, layout, digests, tools: tools.key, besides };
  const folder = await build.run('disk', inputs, (out) =>
    writeDisk(tools, join(out, 'disk.img'), identity, layout, contents, raw),
  );
  return output(shop, join(folder, 'disk.img'), `disks/${version}-main.img`);
}
