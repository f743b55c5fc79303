import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '../../../src/core/digest.ts';
import type { Wrong, WrongBundle } from '../../../src/image/wrong-bundle.ts';
import { breakages, type FileRef, type ImageManifest } from '../../../src/model/image.ts';
import { bundleOf } from './fetch-bundle.ts';
import { factoryFiles } from './file-store.ts';
import { settingPath, untouchedSetting } from './settings.ts';
import { factoryBootSector, offsetOf, slotBytes, slotContent } from './slot-guest.ts';

/** Releases of the image with slots, oldest first. */
const slotReleases = ['1.0', '1.1', '2.0'];

/** Files of a factory-new device. */
const shipped = {
  '/etc/hostname': 'device\n',
  '/etc/app.conf': 'port=8080\nspeed=fast\n',
  '/etc/motd': 'welcome\n',
  [settingPath]: untouchedSetting,
};

/** An image with a boot disk, two slots on a second one, and the owner's files on a third. */
export async function slotImage(folder: string): Promise<ImageManifest> {
  const file = (name: string, content: Buffer | string) => keepFile(folder, name, content);
  const boot = await file('boot.img', factoryBootSector());
  const data = await file('data.img', await factoryFiles(96, shipped));
  const releases: ImageManifest['releases'] = {};
  for (const version of slotReleases) {
    const slot = slotContent(version);
    const main = await file(`${version}/main.img`, Buffer.concat([slot, Buffer.alloc(slotBytes)]));
    releases[version] = {
      version,
      ...(version === '2.0' ? {} : { factory: { boot, main, data } }),
      content: { kind: 'slot', sha256: sha256(slot), bytes: slotBytes },
      bundles: { verity: await file(`${version}/bundle`, bundleOf(slot)) },
    };
  }
  for (const broken of breakages) {
    const version = `2.1-${broken}`;
    const slot = slotContent(version, broken);
    releases[version] = {
      version,
      broken,
      content: { kind: 'slot', sha256: sha256(slot), bytes: slotBytes },
      bundles: { verity: await file(`${version}/bundle`, bundleOf(slot)) },
    };
  }
  const slots = (['A', 'B'] as const).map((name) => ({
    name,
    disk: 'main',
    offset: offsetOf(name),
    length: slotBytes,
    root: `/dev/${name}`,
  }));
  return {
    ...machineParts,
    name: 'simulated-slots',
    key: 'slots-1',
    disks: ['boot', 'main', 'data'].map((id) => ({ id, attach: 'virtio-blk', cache: 'writeback' })),
    slots,
    releases,
    health: '/usr/sbin/health-check',
    places: { boot: '/boot', data: '/data', environment: [{ path: '/boot/env' }] },
  };
}

/** A bundle of the image with slots that is wrong. */
export function wrongSlotBundle(folder: string, { release, wrong }: WrongBundle): Promise<FileRef> {
  const slot = slotContent(release);
  const bundles: Record<Wrong, () => Buffer> = {
    unsigned: () => bundleOf(slot, { signer: 'nobody' }),
    stranger: () => bundleOf(slot, { signer: 'stranger' }),
    'other machine': () => bundleOf(slot, { machine: 'another' }),
    metadata: () => {
      const bundle = bundleOf(slot);
      return bundle.fill(bundle.readUInt8(0) ^ 1, 0, 1);
    },
    'needs more': () => bundleOf(slot, { machine: 'richer' }),
    'too big': () => bundleOf(Buffer.concat([slot, Buffer.alloc(slotBytes)])),
    'script fails': () => bundleOf(slot, { script: 'fails' }),
    'script hangs': () => bundleOf(slot, { script: 'fails' }),
    'script waits': () => bundleOf(slot, { script: 'ends' }),
    'script fails late': () => bundleOf(slot, { script: 'fails' }),
    'script fails at commit': () => bundleOf(slot, { script: 'fails-at-commit' }),
  };
  return keepFile(folder, `${release}/bundle-${wrong}`, bundles[wrong]());
}

/** What is the same for every simulated image. */
export const machineParts = {
  format: 2,
  machine: 'qemuarm64',
  boot: { kind: 'builtin' },
  qemu: {},
  ssh: { user: 'root', password: '' },
  packages: [],
} satisfies Partial<ImageManifest>;

/** Writes a file of an image. */
export async function keepFile(folder: string, name: string, content: Buffer | string): Promise<FileRef> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return { path, sha256: sha256(content), bytes: Buffer.byteLength(content) };
}
