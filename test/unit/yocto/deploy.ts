import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes files and links below a folder: a link's value is `-> target`. */
export async function makeTree(root: string, tree: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(tree)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    if (content.startsWith('-> ')) await symlink(content.slice(3), path);
    else await writeFile(path, content);
  }
}

/** An image of kirkstone for qemux86-64, as `tmp/deploy/images` holds it. */
export function kirkstoneFiles(conf: string): Record<string, string> {
  const folder = 'images/qemux86-64';
  const link = `${folder}/core-image-base-qemux86-64`;
  const real = 'core-image-base-qemux86-64-20240410101010';
  const kernel = 'bzImage--5.15.150+git0+0123456789-r0-qemux86-64-20240410101010.bin';
  return {
    [`${folder}/${real}.qemuboot.conf`]: conf,
    [`${link}.qemuboot.conf`]: `-> ${real}.qemuboot.conf`,
    [`${folder}/${real}.rootfs.ext4`]: 'ext4',
    [`${link}.ext4`]: `-> ${real}.rootfs.ext4`,
    [`${folder}/${real}.rootfs.manifest`]: 'base-files qemux86_64 3.0.14-r89\nbusybox core2_64 1.35.0-r0\n',
    [`${link}.manifest`]: `-> ${real}.rootfs.manifest`,
    [`${folder}/${real}.testdata.json`]:
      '{ "DISTRO": "poky", "DISTRO_VERSION": "4.0.17", "PACKAGE_ARCHS": "all any noarch x86_64 core2-64 qemux86_64", "X": 1 }',
    [`${link}.testdata.json`]: `-> ${real}.testdata.json`,
    [`${folder}/${kernel}`]: 'kernel',
    [`${folder}/bzImage`]: `-> ${kernel}`,
  };
}

/** An image of nanbield or later for qemuarm64, compressed, without test data. */
export function nanbieldFiles(conf: string): Record<string, string> {
  const folder = 'images/qemuarm64';
  const link = `${folder}/core-image-base-qemuarm64.rootfs`;
  const real = 'core-image-base-qemuarm64.rootfs-20240410101010';
  return {
    [`${folder}/${real}.qemuboot.conf`]: conf,
    [`${link}.qemuboot.conf`]: `-> ${real}.qemuboot.conf`,
    [`${folder}/${real}.ext4.zst`]: 'ext4',
    [`${link}.ext4.zst`]: `-> ${real}.ext4.zst`,
    [`${folder}/${real}.wic`]: 'wic',
    [`${link}.wic`]: `-> ${real}.wic`,
    [`${folder}/${real}.manifest`]:
      'base-files qemuarm64 3.0.14\nbusybox cortexa57 1.36.1\nnetbase noarch 6.4\n',
    [`${link}.manifest`]: `-> ${real}.manifest`,
    [`${folder}/Image--6.5-r0-qemuarm64-20240410101010.bin`]: 'kernel',
    [`${folder}/Image`]: '-> Image--6.5-r0-qemuarm64-20240410101010.bin',
  };
}

/** Package feeds of both, and of an SDK. */
export const feedFiles: Readonly<Record<string, string>> = {
  'ipk/Packages': '',
  'ipk/all/Packages.gz': '',
  'ipk/all/netbase_6.3-r0_all.ipk': '',
  'ipk/core2-64/a_1_core2-64.ipk': '',
  'ipk/core2-64/b_1_core2-64.ipk': '',
  'ipk/core2-64/Packages': '',
  'ipk/qemux86_64/Packages.gz': '',
  'ipk/cortexa57/Packages.gz': '',
  'ipk/aarch64/Packages.gz': '',
  'ipk/qemuarm64/c_1_qemuarm64.ipk': '',
  'ipk/x86_64-nativesdk/Packages.gz': '',
  'rpm/repodata/repomd.xml': '',
  'rpm/noarch/netbase-6.3-r0.noarch.rpm': '',
  'rpm/core2_64/a-1.core2_64.rpm': '',
  'rpm/cortexa57/a-1.cortexa57.rpm': '',
};
