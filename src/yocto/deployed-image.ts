import { basename, join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { didYouMean } from '../document/suggest.ts';
import type { Compression } from '../package/archive/compression.ts';
import { findInside, namesIn } from './inside.ts';
import { type ListedPackage, readPackageList } from './package-list.ts';
import type { BootFiles, RootDisk } from './part.ts';
import type { QemuBoot } from './qemu-boot.ts';
import { bootsByItself } from './root-drive.ts';
import { readTestData, type TestData } from './test-data.ts';

/** File systems and disks that can be booted, most wanted first, and how they may be compressed. */
const bareTypes = ['ext4', 'wic'] as const;
const compressions = ['none', 'zst', 'gz', 'xz'] as const satisfies Compression[];

/** A root file system or disk of an image. */
interface DeployedRootfs {
  type: (typeof bareTypes)[number];
  compression: Compression;
  /** Links are followed. */
  path: string;
}

/** An image as a build left it. Every path is absolute, with links followed. */
export interface DeployedImage {
  /** The recipe's name: `core-image-minimal`. */
  name: string;
  boot: QemuBoot;
  kernel: string | undefined;
  bios: string | undefined;
  deviceTree: string | undefined;
  rootfs: DeployedRootfs[];
  /** The `.manifest`, and the packages that it lists; undefined where there is none. */
  manifest: { path: string; packages: ListedPackage[] } | undefined;
  testData: (TestData & { path: string }) | undefined;
  /** What is not as it should be: links that lead nowhere or outside, and files that the image says it has. */
  problems: string[];
}

/**
 * Finds the files of the image that a qemuboot.conf describes, in its folder. They are called like the image, with or
 * without the time of the build, and with or without `.rootfs`: up to kirkstone `IMAGE-MACHINE.ext4` leads to
 * `IMAGE-MACHINE-TIME.rootfs.ext4`, from nanbield on `IMAGE-MACHINE.rootfs.ext4` to `IMAGE-MACHINE.rootfs-TIME.ext4`
 * (IMAGE_NAME_SUFFIX). `root` is the deploy folder, as a real path. Throws ScenarioError where a list or the test data
 * cannot be read.
 */
export async function findImage(root: string, boot: QemuBoot): Promise<DeployedImage> {
  const names = await namesIn(boot.folder);
  const problems: string[] = [];
  const first = async (candidates: readonly string[]): Promise<string | undefined> => {
    for (const name of candidates) {
      const found = await findInside(root, join(boot.folder, name));
      if (found === undefined) continue;
      if ('path' in found) return found.path;
      problems.push(found.problem);
    }
    return undefined;
  };
  const stems = stemsOf(boot);
  const belonging = (suffix: string) => first(stems.map((stem) => `${stem}.${suffix}`));
  const wanted = async (what: string, candidates: readonly string[]): Promise<string | undefined> => {
    const given = candidates.filter((name) => name !== '' && name !== '.');
    const path = given[0] === 'none' ? undefined : await first(given);
    if (path === undefined && given.length > 0 && given[0] !== 'none')
      problems.push(`no ${what} in ${boot.folder}: looked for ${[...new Set(given)].join(', ')}`);
    return path;
  };
  const { options, kernelImageType: type } = boot;
  const likeKernel = names.filter((name) => type !== '' && name.startsWith(type));
  const rootfs: DeployedRootfs[] = [];
  for (const type of bareTypes)
    for (const compression of compressions) {
      const path = await belonging(typeName({ type, compression }));
      if (path !== undefined) rootfs.push({ type, compression, path });
    }
  if (rootfs.length === 0)
    problems.push(
      `no root file system in ${boot.folder}: looked for ${stems[0] ?? ''} with .ext4 or .wic, and these with .zst, .gz or .xz`,
    );
  const manifest = await belonging('manifest');
  const testData = await belonging('testdata.json');
  return {
    name: recipeName(boot),
    boot,
    kernel: await wanted('kernel', [basename(options.qb_default_kernel), type, ...likeKernel]),
    bios: await wanted('BIOS', [basename(options.qb_default_bios)]),
    deviceTree: await wanted('device tree', [basename(options.qb_dtb)]),
    rootfs,
    manifest:
      manifest === undefined ? undefined : { path: manifest, packages: await readPackageList(manifest) },
    testData: testData === undefined ? undefined : { path: testData, ...(await readTestData(testData)) },
    problems,
  };
}

/** Beginnings of the names of an image's files, those of the links first. */
function stemsOf({ path, imageLinkName, imageName }: QemuBoot): string[] {
  const own = basename(path).replace(/\.qemuboot\.conf$/, '');
  const names = [imageLinkName, own, imageName].filter((name) => name !== '');
  return [...new Set(names.flatMap((name) => [name, `${name}.rootfs`]))];
}

function recipeName({ path, machine, imageLinkName }: QemuBoot): string {
  const name = imageLinkName || basename(path).replace(/\.qemuboot\.conf$/, '');
  const bare = name.replace(/\.rootfs$/, '');
  return bare.endsWith(`-${machine}`) ? bare.slice(0, -machine.length - 1) : bare;
}

/** As IMAGE_FSTYPES names it: `ext4.zst`. */
export function typeName({ type, compression }: Pick<DeployedRootfs, 'type' | 'compression'>): string {
  return compression === 'none' ? type : `${type}.${compression}`;
}

/** What an image is booted from. */
export interface BootPlan {
  /** The root file system is named as it is when unpacked, as runqemu would do beside the file. */
  files: BootFiles & { rootfs: RootDisk };
  /** What the root file system is made from, unpacked where it is compressed. */
  source: DeployedRootfs;
}

/**
 * The files that an image boots from: what `wanted` or QB_DEFAULT_FSTYPE names if it is there, else the most wanted
 * type that is. Throws ScenarioError `yocto-incomplete`, and `yocto-not-found` where there is nothing of type `wanted`.
 */
export function bootPlan(image: DeployedImage, wanted?: string): BootPlan {
  const { boot, kernel, bios, deviceTree } = image;
  const name = wanted ?? boot.options.qb_default_fstype;
  const sameType = image.rootfs.find(({ type }) => type === name.replace(/\..*$/, ''));
  const source = image.rootfs.find((one) => typeName(one) === name) ?? sameType ?? image.rootfs[0];
  if (source === undefined) throw incomplete(image, 'root file system');
  if (wanted !== undefined && source.type !== sameType?.type) {
    const there = image.rootfs.map(typeName);
    throw new ScenarioError(
      'yocto-not-found',
      `${image.name} for ${boot.machine} has no ${wanted}; there is ${there.join(', ')}${didYouMean(wanted, there)}`,
    );
  }
  const suffix = source.compression === 'none' ? '' : `.${source.compression}`;
  const path = source.path.endsWith(suffix)
    ? source.path.slice(0, source.path.length - suffix.length)
    : source.path;
  const rootfs = { path, type: source.type };
  const needsKernel = basename(boot.options.qb_default_kernel) !== 'none' && !bootsByItself(boot, rootfs);
  if (needsKernel && kernel === undefined) throw incomplete(image, 'kernel');
  return { files: { rootfs, kernel, bios, deviceTree }, source };
}

const remedies = {
  'root file system': 'let IMAGE_FSTYPES name ext4 or wic and build the image again',
  kernel:
    'the kernel lies beside the image where it was built: copy it too, or run: bitbake -c deploy -f virtual/kernel',
};

function incomplete({ name, boot, problems }: DeployedImage, lacks: keyof typeof remedies): ScenarioError {
  const reason = problems.length > 0 ? problems.join('; ') : 'the file says nothing of a kernel';
  return new ScenarioError('yocto-incomplete', `${name} for ${boot.machine} cannot be booted: ${reason}`, {
    hint: remedies[lacks],
  });
}
