import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageManifest } from '../../src/model/image.ts';
import { nanbieldArm64 } from '../unit/yocto/confs.ts';

/** As `rcS` of an image that is one writable file system; host keys are made on the first boot, and root has no password. */
const start = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin
mount -o remount,rw /
mount -t tmpfs -o mode=755,nosuid,nodev run /run
mount -t tmpfs -o mode=1777,nosuid,nodev tmp /tmp
mkdir -p /dev/pts
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
hostname -F /etc/hostname
modprobe virtio_net
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
dropbear -R -B
`;
const stop = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin
killall -q dropbear
sync
mount -o remount,ro /
`;

/**
 * Makes a folder such as a build of nanbield for qemuarm64 leaves, of the parts of the reference image: one ext4 with a
 * journal, compressed; its kernel; a root without password or base64. Not a Yocto image: its kernel has what it needs
 * for its disk in an initial RAM disk, and the image.yaml must name that.
 */
export async function makeYoctoLike({ probe, releases }: ImageManifest, folder: string): Promise<string> {
  const slot = releases['1.0']?.bundles['raw'];
  if (probe === undefined || slot === undefined) throw new Error('the reference image lacks a part');
  const tree = join(folder, 'tree');
  await mkdir(tree, { recursive: true });
  execFileSync('debugfs', ['-R', `rdump / "${tree}"`, slot.path], { stdio: 'ignore' });
  for (const [name, text] of [
    ['rcS', start],
    ['rcK', stop],
  ] as const) {
    await writeFile(join(tree, 'etc/init.d', name), text);
    await chmod(join(tree, 'etc/init.d', name), 0o755);
  }
  await writeFile(join(tree, 'etc/shadow'), 'root::20454::::::\n');
  for (const path of ['usr/bin/base64', 'root', 'lost+found', 'etc/dropbear']) {
    await rm(join(tree, path), { recursive: true });
    if (path === 'root' || path === 'etc/dropbear') await mkdir(join(tree, path), { mode: 0o700 });
  }
  const images = join(folder, 'deploy/images/qemuarm64');
  await mkdir(images, { recursive: true });
  const stem = 'core-image-base-qemuarm64.rootfs';
  const real = `${stem}-20240410101010`;
  const ext4 = join(folder, 'rootfs.ext4');
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', tree, ext4, '120M']);
  execFileSync('zstd', ['-q', '-1', '--rm', ext4, '-o', join(images, `${real}.ext4.zst`)]);
  await copyFile(probe.kernel.path, join(images, 'Image-1.bin'));
  await symlink('Image-1.bin', join(images, 'Image'));
  await writeFile(join(images, `${real}.qemuboot.conf`), nanbieldArm64);
  await writeFile(join(images, `${real}.manifest`), 'busybox cortexa57 1.37.0\ndropbear cortexa57 2025.87\n');
  await writeFile(
    join(images, `${real}.testdata.json`),
    '{ "DISTRO": "poky", "DISTRO_VERSION": "4.3", "IMAGE_FEATURES": "debug-tweaks ssh-server-dropbear" }',
  );
  for (const end of ['qemuboot.conf', 'ext4.zst', 'manifest', 'testdata.json'])
    await symlink(`${real}.${end}`, join(images, `${stem}.${end}`));
  return join(folder, 'deploy');
}
