import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolders } from '../../core/make-folders.ts';
import type { FileRef, ReleaseSpec } from '../../model/image.ts';
import type { OstreeImage, OstreeMachine } from '../description.ts';
import { type DiskLayout, fixedUuid, partitionTypes, writeDisk } from '../disk/disk-layout.ts';
import { bootPartition, mib } from '../disk/partitions.ts';
import { writeManifest } from '../make-image.ts';
import { type MakeOptions, output, outputBytes, prepare, type Workshop } from '../workshop.ts';
import { writeApplications } from './applications.ts';
import { summaryPath } from './deltas.ts';
import { contentOf, moduleOf, type OstreeRelease, ostreeReleases } from './ostree-releases.ts';
import {
  checksumOf,
  commitName,
  history,
  makeRepository,
  type NewCommit,
  type Repository,
} from './repository.ts';
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
/** Where the releases' own file system has the key of all repositories. */
const trustedKey = '/usr/share/ostree/brownout.asc';

/** Fills `out` with disks, a repository for each release, firmware and the manifest. */
export async function makeOstreeImage(options: OstreeImageOptions): Promise<void> {
  const shop = await prepare(options);
  const { description, keys, out, loader } = shop;
  await mkdir(join(out, 'disks'));
  const boot = await bootPartition(shop);
  const vars = await outputBytes(shop, 'disks/vars.img', loader.vars, loader.varsBytes);
  const all = await ostreeReleases(shop);
  const commits = unique(all.flatMap(({ system, applications }) => [system, ...Object.values(applications)]));
  const { key, deltas } = description.ostree;
  const repository = await makeRepository(shop, commits, {
    key: join(keys, key),
    epoch: description.epoch,
    deltas: deltas ?? false,
  });
  const releases: Record<string, ReleaseSpec> = {};
  for (const release of all) {
    const { version, changed, broken, apart } = release;
    const factory = description.releases.find((one) => one.version === version)?.factory ?? false;
    releases[version] = {
      version,
      ...(factory ? { factory: { main: await factoryDisk(shop, repository, release, boot), vars } } : {}),
      content: contentOf(release),
      bundles: {},
      feed: await served(shop, repository, commits, release),
      ...(broken === undefined ? {} : { broken }),
      ...(apart === undefined ? {} : { apart }),
      ...(description.applications === undefined
        ? {}
        : { module: moduleOf(release, checksumOf(repository, changed), description.applications) }),
    };
  }
  await writeManifest(shop, { slots: [], releases });
}

function unique(commits: readonly NewCommit[]): NewCommit[] {
  return [...new Map(commits.map((one) => [commitName(one), one])).values()];
}

/** A repository as the server has it when this release is its newest: with the commits before it, which share most files. */
async function served(
  shop: Shop,
  repository: Repository,
  commits: readonly NewCommit[],
  { version, system, applications }: OstreeRelease,
): Promise<Record<string, FileRef>> {
  const { folder, commits: made } = repository;
  const place = `repository/${version}`;
  await makeFolders(join(shop.out, place));
  const files: Record<string, FileRef> = {
    config: await output(shop, join(folder, 'config'), `${place}/config`),
  };
  for (const head of [system, ...Object.values(applications)]) {
    const ref = Buffer.from(`${checksumOf(repository, head)}\n`);
    const path = head === system ? `${place}/ref` : `${place}/ref-${head.branch}`;
    files[`refs/heads/${head.branch}`] = await outputBytes(shop, path, ref);
    const objects = history(commits, head).flatMap((one) => made.get(commitName(one))?.objects ?? []);
    const { deltas = [] } = made.get(commitName(head)) ?? {};
    for (const file of [...objects, ...deltas]) {
      await makeFolders(join(shop.out, dirname(`repository/${file}`)));
      files[file] = await output(shop, join(folder, file), `repository/${file}`);
    }
    if (deltas.length > 0) {
      const summary = join(folder, summaryPath(checksumOf(repository, head)));
      files['summary'] = await output(shop, summary, `${place}/summary`);
    }
  }
  return files;
}

/** The boot partition, a system with this release as its one deployment, and its applications. */
async function factoryDisk(
  shop: Shop,
  repository: Repository,
  { version, system: commit, applications: beside }: OstreeRelease,
  boot: string,
): Promise<FileRef> {
  const { description, machine, machineName, name, build, tools } = shop;
  shop.signal?.throwIfAborted();
  const { folder } = repository;
  const identity = `${name} ${machineName} ${version}`;
  const system = {
    ...description.ostree,
    bootLoader: machine.bootLoader,
    checksum: checksumOf(repository, commit),
    kernelArguments: [
      `root=${sysrootDevice}`,
      'rw',
      `console=${machine.console}`,
      ...machine.kernelArguments.split(' '),
    ],
  };
  const fileSystem = (label: string, mebibytes: number) => ({
    bytes: mebibytes * mib,
    label,
    uuid: fixedUuid(`${identity} ${label}`),
    epoch: description.epoch,
    inodes,
    journalMiB,
    blockBytes: 4096 as const,
  });
  const ext4 = fileSystem('sysroot', machine.sysrootMiB);
  const applications = description.applications && {
    ext4: fileSystem('apps', description.applications.mebibytes),
    key: trustedKey,
    checksums: Object.fromEntries(
      Object.entries(beside).map(([application, one]) => [application, checksumOf(repository, one)]),
    ),
  };
  const types = partitionTypes.gpt;
  const partitions = [
    { name: 'boot', type: types.boot, mebibytes: description.disk.bootMiB },
    { name: 'sysroot', type: types.linux, mebibytes: machine.sysrootMiB },
    ...(description.applications === undefined
      ? []
      : [{ name: 'apps', type: types.linux, mebibytes: description.applications.mebibytes }]),
  ];
  const layout: DiskLayout = { identity, table: 'gpt', partitions };
  const inputs = {
    version: 2,
    system,
    ext4,
    layout,
    ...(applications === undefined ? {} : { applications }),
    boot: await build.digest(boot),
    tools: tools.key,
  };
  const part = await build.run('ostree-disk', inputs, async (out) => {
    const sysroot = join(out, 'sysroot.ext4');
    await writeSysroot(tools, sysroot, { ...system, repository: folder }, ext4);
    const apps = join(out, 'apps.ext4');
    if (applications !== undefined)
      await writeApplications(tools, apps, { ...applications, repository: folder }, applications.ext4);
    const contents = [boot, sysroot, ...(applications === undefined ? [] : [apps])];
    await writeDisk(tools, join(out, 'disk.img'), layout, contents);
    for (const content of contents.slice(1)) await rm(content);
  });
  return output(shop, join(part, 'disk.img'), `disks/${version}-main.img`);
}
