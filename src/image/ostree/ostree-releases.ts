import type { Breakage, ReleaseContent, SoftwareModule } from '../../model/image.ts';
import type { OstreeImage } from '../description.ts';
import { breakTree } from '../root/broken.ts';
import { type BaseRoot, nameRelease, type RootInputs, releaseRoot } from '../root/root.ts';
import type { MakeOptions } from '../workshop.ts';
import { applicationTree, checkedOutFiles } from './applications.ts';
import { deployedFiles, ostreeTree } from './ostree-tree.ts';
import { commitPath, type NewCommit } from './repository.ts';

/** A release of such an image: a system, and the applications beside it. */
export interface OstreeRelease {
  version: string;
  system: NewCommit;
  /** By name; none where the image has no applications. */
  applications: Readonly<Record<string, NewCommit>>;
  /** What is other than in the release before: the system, or one application. */
  changed: NewCommit;
  broken?: Breakage;
  apart?: true;
}

interface Inputs extends Pick<MakeOptions, 'name' | 'machineName' | 'folder'> {
  description: OstreeImage;
  root: Pick<RootInputs, 'description' | 'folder'>;
  base: Pick<BaseRoot, 'tree'>;
}

/** All releases: first those of the system, each with the applications of the factory, then those of applications. */
export async function ostreeReleases(inputs: Inputs): Promise<OstreeRelease[]> {
  const { description, folder, base } = inputs;
  const { applications } = description;
  const systems = await systemReleases(inputs);
  if (applications === undefined) return systems;
  const commit = async (name: string, version: string, more: { after?: string; silent?: true } = {}) => ({
    version,
    branch: name,
    after: more.after,
    tree: await applicationTree(applications, folder, base.tree, { name, version, ...more }),
  });
  const factory: Record<string, NewCommit> = {};
  for (const [name, version] of Object.entries(applications.factory))
    factory[name] = await commit(name, version);
  const releases: OstreeRelease[] = systems.map((one) => ({ ...one, applications: factory }));
  for (const { version, of, application, to, silent } of applications.releases) {
    const before = releases.findLast(({ changed, apart }) => changed.branch === application && !apart);
    const after = before?.changed.version ?? applications.factory[application];
    const changed = await commit(application, to, {
      ...(after === undefined ? {} : { after }),
      ...(silent === undefined ? {} : { silent }),
    });
    const system = systems.find((one) => one.version === of)?.system;
    if (system === undefined) continue;
    const has = { ...factory, [application]: changed };
    releases.push({
      version,
      system,
      applications: has,
      changed,
      ...(silent === undefined ? {} : { apart: true }),
    });
  }
  return releases;
}

async function systemReleases({
  description,
  root,
  base,
  name,
  machineName,
}: Inputs): Promise<OstreeRelease[]> {
  const { branch } = description.ostree;
  const releases: OstreeRelease[] = [];
  const add = (system: NewCommit, broken?: Breakage) =>
    releases.push({
      version: system.version,
      system,
      applications: {},
      changed: system,
      ...(broken === undefined ? {} : { broken }),
    });
  for (const [i, release] of description.releases.entries()) {
    const tree = await releaseRoot(root, base.tree, name, machineName, release);
    const after = description.releases[i - 1]?.version;
    add({ version: release.version, branch, tree: ostreeTree(tree), after });
    for (const { version, how } of description.broken.filter(({ of }) => of === release.version)) {
      const broken = tree.clone();
      nameRelease(broken, description, name, machineName, version);
      breakTree(broken, how, description.root.health);
      add({ version, branch, tree: ostreeTree(broken), after: release.version }, how);
    }
  }
  return releases;
}

/** How a device shows that it is on such a release. */
export function contentOf({ version, system, applications }: OstreeRelease): ReleaseContent {
  const files = Object.assign(
    deployedFiles(system.tree),
    ...Object.entries(applications).map(([name, { tree }]) => checkedOutFiles(name, tree)),
  ) as Record<string, string>;
  return { kind: 'files', files, ...(system.version === version ? {} : { system: system.version }) };
}

/** What a server orders a device to have: FullMetalUpdate's words, by its client's documentation. */
export function moduleOf(
  { system, changed }: OstreeRelease,
  checksum: string,
  { seconds }: { seconds: number },
): SoftwareModule {
  const isSystem = changed === system;
  return {
    part: isSystem ? 'os' : 'bApp',
    name: changed.branch,
    metadata: {
      rev: checksum,
      ...(isSystem ? {} : { autostart: '1', autoremove: '0', notify: '1', timeout: String(seconds) }),
    },
    path: commitPath(checksum),
  };
}
