import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../../src/core/digest.ts';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { writeIndexes } from '../../../src/feed/index-feed.ts';
import type { FileRef, ImageManifest, PackageContents } from '../../../src/model/image.ts';
import { field } from '../../../src/package/control/stanza.ts';
import { writePackage } from '../../../src/package/control/write-package.ts';
import { factoryFiles } from './file-store.ts';
import { keepFile, machineParts } from './images.ts';
import { type Lab, openLab } from './lab.ts';
import { simulatedTargets } from './machine.ts';
import { PackageGuest, type PackageTraits, recordText, type SimulatedPackage } from './package-guest.ts';

/** Releases of the image with packages, oldest first. */
const releaseNames = ['1.0', '1.1', '2.0'];

/** Packages that a build gives the version that they have in the first release, as one without a PR server does. */
export interface SameVersions {
  /** With the files of the release all the same. */
  otherFiles?: readonly string[];
  /** With the files of the first release, and another description. */
  otherFields?: readonly string[];
}

/** What each release's feed has: `extra` is on no device that leaves the factory. */
function packagesOf(named: string, { otherFiles = [], otherFields = [] }: SameVersions): SimulatedPackage[] {
  const one = (name: string, conffiles: Record<string, string> = {}): SimulatedPackage => {
    const release = otherFields.includes(name) ? '1.0' : named;
    const n = otherFiles.includes(name) ? 1 : releaseNames.indexOf(release) + 1;
    return {
      name,
      version: `${n}.0`,
      description: `${name} as ${otherFields.includes(name) ? named : 'always'}`,
      files: { [`/usr/bin/${name}`]: `${name} of ${release}\n`, ...conffiles },
      conffiles: Object.keys(conffiles),
    };
  };
  const n = releaseNames.indexOf(named) + 1;
  return [
    { ...one('alpha', { '/etc/app.conf': 'port=8080\n' }), links: { '/usr/bin/first': `alpha-${n}` } },
    one('beta'),
    one('extra', { '/etc/extra.conf': 'on=1\n' }),
  ];
}

/** A lab for devices that are upgraded by opkg. */
export async function packageLab(traits: PackageTraits = {}, same: SameVersions = {}): Promise<Lab> {
  const catalogue = new Map<string, SimulatedPackage>();
  const lab = await openLab(
    (folder) => packageImage(folder, catalogue, same),
    simulatedTargets(() => new PackageGuest(catalogue, traits)),
  );
  return { ...lab, scenario: (fields = {}) => lab.scenario({ agent: 'opkg', ...fields }) };
}

async function packageImage(
  folder: string,
  catalogue: Map<string, SimulatedPackage>,
  same: SameVersions,
): Promise<ImageManifest> {
  const factoryPackages = packagesOf('1.0', same).filter(({ name }) => name !== 'extra');
  const files = Object.assign({}, ...factoryPackages.map((one) => one.files)) as Record<string, string>;
  const links = Object.assign({}, ...factoryPackages.map((one) => one.links ?? {})) as Record<string, string>;
  const installed = factoryPackages.map(({ name, version }) => ({
    name,
    version,
    state: 'installed' as const,
  }));
  const main = await keepFile(
    folder,
    'main.img',
    await factoryFiles(
      128,
      { '/etc/hostname': 'device\n', ...files, '/var/lib/opkg/status': recordText(installed) },
      links,
    ),
  );
  const releases: ImageManifest['releases'] = {};
  for (const release of releaseNames) {
    const packages = packagesOf(release, same);
    const feed = await feedOf(join(folder, release, 'feed'), packages, catalogue);
    const list = packages.map(
      (one): PackageContents => ({
        name: one.name,
        version: one.version,
        architecture: 'all',
        path: `all/${one.name}.ipk`,
        files: Object.entries(one.files).map(([path, content]) => ({ path, sha256: sha256(content) })),
        conffiles: [...one.conffiles],
        paths: [
          ...Object.keys(one.files).map((path) => ({
            path,
            kind: 'file' as const,
            mode: 0o644,
            owner: 'root:root',
          })),
          ...Object.entries(one.links ?? {}).map(([path, target]) => ({
            path,
            kind: 'link' as const,
            mode: 0o777,
            owner: 'root:root',
            target,
          })),
        ],
      }),
    );
    releases[release] = {
      version: release,
      ...(release === '1.0' ? { factory: { main }, installed: installed.map(({ name }) => name) } : {}),
      content: {
        kind: 'packages',
        list: await keepFile(folder, `${release}/packages.json`, JSON.stringify(list)),
      },
      bundles: {},
      feed,
    };
  }
  return {
    ...machineParts,
    name: 'simulated-packages',
    key: 'packages-1',
    disks: [{ id: 'main', attach: 'virtio-blk', cache: 'writeback' }],
    slots: [],
    releases,
  };
}

/** A feed of real package files with a real index. */
async function feedOf(
  folder: string,
  packages: readonly SimulatedPackage[],
  catalogue: Map<string, SimulatedPackage>,
): Promise<Record<string, FileRef>> {
  for (const one of packages) {
    const control = [
      field('Package', one.name),
      field('Version', one.version),
      field('Architecture', 'all'),
      field('Maintainer', 'Nobody <nobody@example.com>'),
      field('Description', one.description),
    ];
    const entries = Object.entries(one.files).map(([path, content]) => ({
      path,
      type: 'file' as const,
      mode: 0o644,
      content: Buffer.from(content),
    }));
    const bytes = await writePackage({ control, conffiles: one.conffiles, files: entries });
    await keepFile(folder, `all/${one.name}.ipk`, bytes);
    catalogue.set(sha256(bytes), one);
  }
  await writeIndexes(folder, await findFeeds(folder, 'ipk'), 'ipk');
  const names = await readdir(join(folder, 'all'));
  const refs = names.map(async (name): Promise<[string, FileRef]> => {
    const path = join(folder, 'all', name);
    return [`all/${name}`, { path, sha256: sha256(await readFile(path)), bytes: (await stat(path)).size }];
  });
  return Object.fromEntries(await Promise.all(refs));
}
