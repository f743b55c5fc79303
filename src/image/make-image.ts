import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import type { ImageManifest, ReleaseSpec } from '../model/image.ts';
import type { LockedSet } from './lock.ts';
import { manifestPath, manifestText } from './manifest.ts';
import { bootPartition, dataPartition, slots } from './partitions.ts';
import { makeRelease } from './release.ts';
import { type MakeOptions, outputBytes, prepare, type Workshop } from './workshop.ts';

/** What the initial RAM disk prints before anything else. */
const probeText = 'brownout: initramfs';

/** Fills `out` with disks, bundles, firmware and the manifest. */
export async function makeImage(options: MakeOptions): Promise<void> {
  const shop = await prepare(options);
  const { description, name, machineName, machine, key, keys, out, loader, base, sets } = shop;
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
    slots: slots(description, machine),
    ssh: await sshAccess(shop, join(keys, description.ssh.privateKey)),
    releases,
    probe: {
      kernel: await outputBytes(shop, 'kernel', base.kernel),
      initrd: await outputBytes(shop, 'initrd', base.initrd),
      expect: probeText,
    },
    packages: [sets.system, sets.kernel, sets.firmware].flatMap(packageList),
  };
  await writeFile(manifestPath(out), manifestText(manifest));
}

async function sshAccess(
  { description, keys, out }: Workshop,
  privateKey: string,
): Promise<ImageManifest['ssh']> {
  await copyFile(privateKey, join(out, 'ssh-key'));
  await chmod(join(out, 'ssh-key'), 0o600);
  const line = await readFile(join(keys, description.ssh.hostKey), 'utf8');
  const blob = line.split(' ')[1];
  if (blob === undefined)
    throw new ScenarioError('host-key-invalid', `${description.ssh.hostKey} is not an OpenSSH public key`);
  const hostKeySha256 = createHash('sha256')
    .update(Buffer.from(blob, 'base64'))
    .digest('base64')
    .replace(/=+$/, '');
  return { user: description.ssh.user, privateKey: 'ssh-key', hostKeySha256 };
}

function packageList({ architecture, packages }: LockedSet): ImageManifest['packages'] {
  return packages.map(({ name, version, sha256: digest }) => ({
    name,
    version,
    architecture,
    sha256: digest,
  }));
}
