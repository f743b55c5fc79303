import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageManifest, ReleaseSpec } from '../model/image.ts';
import { bootPartition, dataPartition, slots } from './disk/partitions.ts';
import { manifestPath, manifestText } from './manifest.ts';
import type { LockedSet } from './packages/lock.ts';
import { makeBroken, makeRelease } from './release.ts';
import { sshAccess } from './ssh-access.ts';
import {
  outputBytes,
  prepare,
  type SlotImageOptions,
  type SystemImageOptions,
  type Workshop,
} from './workshop.ts';

/** What the initial RAM disk prints before anything else. */
const probeText = 'brownout: initramfs';

/** Fills `out` with disks, bundles, firmware and the manifest. */
export async function makeImage(options: SlotImageOptions): Promise<void> {
  const shop = await prepare(options);
  const { description, machine, out, loader } = shop;
  await mkdir(join(out, 'disks'));
  await mkdir(join(out, 'bundles'));
  const shared = {
    boot: await bootPartition(shop),
    data: await dataPartition(shop),
    vars: await outputBytes(shop, 'disks/vars.img', loader.vars, loader.varsBytes),
  };
  const releases: Record<string, ReleaseSpec> = {};
  for (const release of description.releases) {
    releases[release.version] = await makeRelease(shop, release, shared);
  }
  for (const good of description.releases)
    for (const one of description.broken.filter(({ of }) => of === good.version))
      releases[one.version] = await makeBroken(shop, good, one);
  await writeManifest(shop, { slots: slots(description, machine), releases });
}

/** Writes the manifest of a system that a boot loader starts, with the firmware, and the kernel that probes accelerators. */
export async function writeManifest(
  shop: Workshop<SystemImageOptions>,
  of: Pick<ImageManifest, 'slots' | 'releases'>,
): Promise<void> {
  const { description, name, machineName, machine, key, out, loader, base, sets } = shop;
  const manifest: ImageManifest = {
    format: 2,
    name,
    machine: machineName,
    key,
    boot: {
      kind: 'firmware',
      attach: loader.firmware.attach,
      code: await outputBytes(shop, 'firmware.bin', loader.firmware.code),
    },
    qemu: {},
    disks: [
      { id: 'main', attach: 'virtio-blk', cache: 'writeback' },
      { id: 'vars', attach: 'pflash', cache: 'writethrough' },
    ],
    slots: of.slots,
    ssh: await sshAccess(shop, description.ssh),
    releases: of.releases,
    ...(description.root.health === undefined ? {} : { health: description.root.health }),
    ...(machine.places === undefined ? {} : { places: machine.places }),
    probe: {
      kernel: await outputBytes(shop, 'kernel', base.kernel),
      initrd: await outputBytes(shop, 'initrd', base.initrd),
      expect: probeText,
    },
    packages: [sets.system, sets.more, sets.kernel, sets.firmware].flatMap((set) =>
      set === undefined ? [] : packageList(set),
    ),
  };
  await writeFile(manifestPath(out), manifestText(manifest));
}

/** The packages of a set as a manifest lists them. */
export function packageList({ architecture, packages }: LockedSet): ImageManifest['packages'] {
  return packages.map(({ name, version, sha256: digest }) => ({
    name,
    version,
    architecture,
    sha256: digest,
  }));
}
