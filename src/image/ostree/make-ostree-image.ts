import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileRef, ReleaseSpec } from '../../model/image.ts';
import type { OstreeImage, OstreeMachine } from '../description.ts';
import { type DiskLayout, fixedUuid, partitionTypes, writeDisk } from '../disk/disk-layout.ts';
import { bootPartition, mib } from '../disk/partitions.ts';
import { writeManifest } from '../make-image.ts';
import { breakTree } from '../root/broken.ts';
import { nameRelease, releaseRoot } from '../root/root.ts';
import { type MakeOptions, output, outputBytes, prepare, type Workshop } from '../workshop.ts';
import { deployedFiles, ostreeTree } from './ostree-tree.ts';
import { makeRepository, type NewCommit, type Repository } from './repository.ts';
import { writeSysroot } from './sysroot.ts';

export interface OstreeImageOptions extends MakeOptions {
  description: OstreeImage;
  machine: OstreeMachine;
}

type Shop = Workshop<OstreeImageOptions>;

const inodes = 16_384;
const journalMiB = 8;
/** Where the boot loader finds the deployments. */
const sysrootDevice = '/dev/vda2';

/** Fills `out` with disks, a repository for each release, firmware and the manifest. */
export async function makeOstreeImage(options: OstreeImageOptions): Promise<void> {
  const shop = await prepare(options);
  const { description, machineName, name, keys, out, loader, root, base } = shop;
  await mkdir(join(out, 'disks'));
  const boot = await bootPartition(shop);
  const vars = await outputBytes(shop, 'disks/vars.img', loader.vars, loader.varsBytes);
  const commits: NewCommit[] = [];
  for (const [i, release] of description.releases.entries()) {
    const tree = await releaseRoot(root, base.tree, name, machineName, release);
    const after = description.releases[i - 1]?.version;
    commits.push({ version: release.version, tree: ostreeTree(tree), after });
    for (const { version, how } of description.broken.filter(({ of }) => of === release.version)) {
      const broken = tree.clone();
      nameRelease(broken, description, name, machineName, version);
      breakTree(broken, how, description.root.health);
      commits.push({ version, tree: ostreeTree(broken), after: release.version });
    }
  }
  const { branch, key } = description.ostree;
  const repository = await makeRepository(shop, commits, {
    branch,
    key: join(keys, key),
    epoch: description.epoch,
  });
  const releases: Record<string, ReleaseSpec> = {};
  for (const commit of commits) {
    const { version } = commit;
    const factory = description.releases.find((one) => one.version === version)?.factory ?? false;
    const how = description.broken.find((one) => one.version === version)?.how;
    releases[version] = {
      version,
      ...(factory ? { factory: { main: await factoryDisk(shop, repository, version, boot), vars } } : {}),
      content: { kind: 'files', files: deployedFiles(commit.tree) },
      bundles: {},
      feed: await served(shop, repository, commits, commit),
      ...(how === undefined ? {} : { broken: how }),
    };
  }
  await writeManifest(shop, { slots: [], releases });
}

/** A repository as the server has it when this release is its newest: with the commits before it, which share most files. */
async function served(
  shop: Shop,
  { folder, commits: made }: Repository,
  commits: readonly NewCommit[],
  newest: NewCommit,
): Promise<Record<string, FileRef>> {
  const { branch } = shop.description.ostree;
  const place = `repository/${newest.version}`;
  await mkdir(join(shop.out, place), { recursive: true });
  const ref = Buffer.from(`${made.get(newest.version)?.checksum ?? ''}\n`);
  const files: Record<string, FileRef> = {
    config: await output(shop, join(folder, 'config'), `${place}/config`),
    [`refs/heads/${branch}`]: await outputBytes(shop, `${place}/ref`, ref),
  };
  for (let one: NewCommit | undefined = newest; one !== undefined; ) {
    for (const path of made.get(one.version)?.objects ?? []) {
      await mkdir(join(shop.out, dirname(`repository/${path}`)), { recursive: true });
      files[path] = await output(shop, join(folder, path), `repository/${path}`);
    }
    const { after }: NewCommit = one;
    one = commits.find(({ version }) => version === after);
  }
  return files;
}

/** The boot partition, and a system with this release as its one deployment. */
async function factoryDisk(
  shop: Shop,
  { folder, commits }: Repository,
  version: string,
  boot: string,
): Promise<FileRef> {
  const { description, machine, machineName, name, build, tools } = shop;
  shop.signal?.throwIfAborted();
  const identity = `${name} ${machineName} ${version}`;
  const checksum = commits.get(version)?.checksum ?? '';
  const system = {
    ...description.ostree,
    checksum,
    kernelArguments: [
      `root=${sysrootDevice}`,
      'rw',
      `console=${machine.console}`,
      ...machine.kernelArguments.split(' '),
    ],
  };
  const ext4 = {
    bytes: machine.sysrootMiB * mib,
    label: 'sysroot',
    uuid: fixedUuid(`${identity} sysroot`),
    epoch: description.epoch,
    inodes,
    journalMiB,
    blockBytes: 4096 as const,
  };
  const types = partitionTypes.gpt;
  const partitions = [
    { name: 'boot', type: types.boot, mebibytes: description.disk.bootMiB },
    { name: 'sysroot', type: types.linux, mebibytes: machine.sysrootMiB },
  ];
  const layout: DiskLayout = { identity, table: 'gpt', partitions };
  const inputs = {
    version: 2,
    system,
    ext4,
    layout,
    boot: await build.digest(boot),
    tools: tools.key,
  };
  const part = await build.run('ostree-disk', inputs, async (out) => {
    const sysroot = join(out, 'sysroot.ext4');
    await writeSysroot(tools, sysroot, { ...system, repository: folder }, ext4);
    await writeDisk(tools, join(out, 'disk.img'), layout, [boot, sysroot]);
    await rm(sysroot);
  });
  return output(shop, join(part, 'disk.img'), `disks/${version}-main.img`);
}
