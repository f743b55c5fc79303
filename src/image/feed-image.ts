import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sha256File } from '../core/digest.ts';
import { ScenarioError } from '../core/errors.ts';
import { makeFolders } from '../core/make-folders.ts';
import { deriveFeed } from '../derive/derive-feed.ts';
import { findFeeds } from '../feed/find-feeds.ts';
import { writeIndexes } from '../feed/index-feed.ts';
import { openSigner } from '../feed/sign-release.ts';
import type { FileRef, ImageManifest, PackageContents, ReleaseSpec } from '../model/image.ts';
import type { ControlPackage } from '../package/package-format.ts';
import type { FeedImage, FeedMachine } from './description.ts';
import { fixedUuid } from './disk/disk-layout.ts';
import { writeExt4 } from './disk/ext4.ts';
import { folderDigest } from './folder-digest.ts';
import { packageList } from './make-image.ts';
import { manifestPath, manifestText } from './manifest.ts';
import { initramfsOverlay } from './own-images.ts';
import { debFolder } from './packages/deb-folder.ts';
import {
  filesOf,
  type KnownPackages,
  newestOf,
  packagesOf,
  type UnpackedPackage,
  unpacked,
} from './packages/feed-release.ts';
import { type LocalBuild, offerBoth } from './packages/local-feed.ts';
import { rpmFolder } from './packages/rpm-folder.ts';
import { unpackSet } from './packages/unpack.ts';
import { debRoot } from './root/deb-root.ts';
import { ipkRoot } from './root/ipk-root.ts';
import { initialRamDisk, readKernel } from './root/kernel.ts';
import { readModules } from './root/modules.ts';
import { PackageFiles } from './root/package-files.ts';
import { rpmRoot } from './root/rpm-root.ts';
import { sshAccess } from './ssh-access.ts';
import { Tools } from './tools.ts';
import { Tree } from './tree.ts';
import { type MakeOptions, output, outputBytes } from './workshop.ts';

/** Names the folder with packages that are not part of this repository. */
const dataVariable = 'BROWNOUT_DATA';
/** Where the script of the first boot lies; the initial RAM disk looks for it. */
const firstBootPath = 'var/lib/brownout/first-boot';
const inodes = 16_384;
const journalMiB = 8;

/** The folders with the packages of an image, by release. Throws ScenarioError `image-packages`. */
export function givenPackages({ releases }: FeedImage, folder: string): Map<string, string> {
  const given = releases.flatMap(({ version, packages }) =>
    packages === undefined ? [] : [[version, packageFolder(packages, folder)] as const],
  );
  return new Map(given);
}

function packageFolder(name: string, folder: string): string {
  const data = process.env[dataVariable] ?? '';
  const isPath = name.includes('/');
  const path = isPath ? resolve(folder, name) : join(data, name);
  if ((isPath || data !== '') && existsSync(path)) return path;
  throw new ScenarioError(
    'image-packages',
    isPath
      ? `the image is made of the packages in ${path}, and there is no such folder`
      : `the image is made of the packages in ${name}, which come from elsewhere`,
    {
      hint: isPath
        ? 'correct the path in the image.yaml'
        : `set ${dataVariable} to the folder that has ${name}; images/README.md says whose packages brownout's own images take`,
    },
  );
}

/** What installs packages of each format, as far as that can be done without running them. */
const roots: Record<
  FeedImage['feed']['format'],
  (packages: readonly UnpackedPackage[], seconds: number, signal?: AbortSignal) => Promise<Tree>
> = {
  ipk: (packages, seconds) => Promise.resolve(ipkRoot(packages.flatMap(withControl), seconds)),
  deb: (packages, _, signal) => debRoot(packages.flatMap(withControl), signal),
  rpm: (packages) => rpmRoot(packages),
};

/** All of a release are of one format. */
function withControl({ about, ...rest }: UnpackedPackage): (UnpackedPackage & { about: ControlPackage })[] {
  return about.format === 'rpm' ? [] : [{ about, ...rest }];
}

export interface FeedImageOptions extends MakeOptions {
  description: FeedImage;
  machine: FeedMachine;
}

/** Fills `out` with feeds, disks, kernel and the manifest. */
export async function makeFeedImage(options: FeedImageOptions): Promise<void> {
  const { description, machine, name, machineName, key, out, sets, build, cache, folder, signal } = options;
  const tools = new Tools(
    await unpackSet(sets.tools, cache, build, signal),
    sets.tools,
    description.epoch,
    signal,
  );
  const kernelRoot = await unpackSet(sets.kernel, cache, build, signal);
  const kernelKey = sets.kernel.packages.map(({ sha256 }) => sha256);
  const system = await PackageFiles.open(await unpackSet(sets.system, cache, build, signal));
  const programs = new Tree();
  await system.copy(programs, description.initramfs.programs, []);
  const busybox = new Tree();
  await system.copy(busybox, ['usr/bin/busybox'], []);
  const initrd = await initialRamDisk({
    overlay: await initramfsOverlay(description, folder),
    wanted: description.initramfs.modules,
    modules: await readModules(kernelRoot, build, tools, kernelKey),
    busybox: busybox.get('usr/bin/busybox'),
    programs,
    epoch: description.epoch,
  });
  await mkdir(join(out, 'disks'));
  const releases: Record<string, ReleaseSpec> = {};
  const given = givenPackages(description, folder);
  let feed = await debianFeed(options);
  const made = new Map<string, string>();
  const known: KnownPackages = new Map();
  let local: LocalBuild | undefined;
  for (const release of description.releases) {
    signal?.throwIfAborted();
    const { version, from, recipe } = release;
    feed = await releaseFeed(options, given.get(version) ?? made.get(from ?? '') ?? feed, recipe);
    made.set(version, feed);
    if (release.local !== undefined)
      local = { upstream: feed, derived: await releaseFeed(options, feed, release.local) };
    else if (from !== undefined) local = undefined;
    const offered = local === undefined ? feed : await feedWithLocal(options, feed, local);
    releases[version] = await makeRelease(options, tools, offered, known, release);
  }
  const manifest: ImageManifest = {
    format: 2,
    name,
    machine: machineName,
    key,
    boot: {
      kind: 'kernel',
      kernel: await outputBytes(options, 'kernel', await readKernel(kernelRoot)),
      initrd: await outputBytes(options, 'initrd', initrd),
      arguments: `root=/dev/vda rw console=${machine.console} ${machine.kernelArguments}`,
    },
    qemu: { memoryMiB: machine.memoryMiB },
    disks: [{ id: 'main', attach: 'virtio-blk', cache: 'writeback' }],
    slots: [],
    ssh: await sshAccess(options, description.ssh),
    releases,
    packages: [sets.system, sets.kernel].flatMap(packageList),
  };
  await writeFile(manifestPath(out), manifestText(manifest));
}

/** Debian's packages in the format of the feed; an empty word where the image has none. */
async function debianFeed({ description, sets, cache, build, signal }: FeedImageOptions): Promise<string> {
  if (sets.feed === undefined) return '';
  const debs = await debFolder(sets.feed, cache, build, signal);
  return description.feed.format === 'rpm' ? rpmFolder(debs, description.epoch, build, signal) : debs;
}

/** The folder with a release's packages and indexes. */
async function releaseFeed(
  options: FeedImageOptions,
  from: string,
  recipe: string | undefined,
): Promise<string> {
  const { description, folder, build, signal } = options;
  const { format } = description.feed;
  const text = recipe === undefined ? `from: ${format}\n` : await readFile(join(folder, recipe), 'utf8');
  const signing = await signingOf(options);
  const inputs = { version: 2, from: await folderDigest(from, []), recipe: text, ...signing?.inputs };
  const made = await build.run('feed', inputs, async (out) => {
    const path = recipe === undefined ? join(out, 'recipe.yaml') : join(folder, recipe);
    if (recipe === undefined) await writeFile(path, text);
    const to = join(out, 'feed');
    await deriveFeed({ recipe: path, from, to }, signal);
    if (signing !== undefined) await writeIndexes(to, await findFeeds(to, format), format, signing.options);
  });
  return join(made, 'feed');
}

/** The folder with a release's packages, a product's own besides, and indexes. */
async function feedWithLocal(options: FeedImageOptions, feed: string, local: LocalBuild): Promise<string> {
  const { description, build, signal } = options;
  const { format } = description.feed;
  const signing = await signingOf(options);
  const folders = [feed, local.upstream, local.derived];
  const digests = await Promise.all(folders.map((one) => folderDigest(one, [])));
  const made = await build.run('local', { version: 1, digests, ...signing?.inputs }, async (out) => {
    const to = join(out, 'feed');
    await offerBoth(feed, local, to, format);
    await writeIndexes(to, await findFeeds(to, format), format, { signal, ...signing?.options });
  });
  return join(made, 'feed');
}

/** Who signs the indexes, if anybody does: for writing them, and what to tell the build cache of it. */
async function signingOf({ description: { feed, epoch }, keys, signal }: FeedImageOptions) {
  if (feed.sign === undefined) return undefined;
  const key = join(keys, feed.sign);
  const date = new Date(epoch * 1000);
  const release = { suite: 'stable', date, signer: await openSigner(key) };
  return {
    inputs: { key: await sha256File(key), date: date.toISOString() },
    options: { release, signal },
  };
}

async function makeRelease(
  options: FeedImageOptions,
  tools: Tools,
  feed: string,
  known: KnownPackages,
  { version, factory, apart }: FeedImage['releases'][number],
): Promise<ReleaseSpec> {
  const { description, out, signal } = options;
  const { format } = description.feed;
  const packages = newestOf(await packagesOf(feed, format, known, signal), format);
  const contents = packages.map(({ contents }): PackageContents => contents);
  await makeFolders(join(out, 'feeds'));
  const list = await outputBytes(options, `feeds/${version}.json`, Buffer.from(JSON.stringify(contents)));
  await cp(feed, join(out, 'feeds', version), { recursive: true });
  const installed = packages.filter(({ contents: { name } }) => !description.feed.without.includes(name));
  return {
    version,
    ...(factory
      ? {
          factory: { main: await factoryDisk(options, tools, version, await unpacked(installed, signal)) },
          installed: installed.map(({ contents: { name } }) => name),
        }
      : {}),
    content: { kind: 'packages', list },
    bundles: {},
    ...(apart ? { apart } : {}),
    feed: await filesOf(feed, `feeds/${version}`),
  };
}

async function factoryDisk(
  options: FeedImageOptions,
  tools: Tools,
  version: string,
  packages: readonly UnpackedPackage[],
): Promise<FileRef> {
  const { description, folder, keys, machineName, name, build, signal } = options;
  const { root, epoch } = description;
  const tree = await roots[description.feed.format](packages, epoch, signal);
  for (const [path, target] of Object.entries(root.links)) tree.addSymlink(path, target);
  await tree.addFolder(join(folder, root.overlay));
  for (const [path, file] of Object.entries(root.keys))
    tree.addFile(path, await readFile(join(keys, file)), 0o600);
  tree.addFile(firstBootPath, await readFile(join(folder, root.firstBoot)), 0o755);
  const ext4 = {
    bytes: root.mebibytes << 20,
    label: 'root',
    uuid: fixedUuid(`${name} ${machineName} ${version}`),
    epoch,
    inodes,
    journalMiB,
    blockBytes: 4096 as const,
  };
  const made = await build.run('root', { version: 1, tree: tree.digest(), ext4, tools: tools.key }, (out) =>
    writeExt4(tools, tree, join(out, 'root.ext4'), ext4),
  );
  return output(options, join(made, 'root.ext4'), `disks/${version}-main.img`);
}
