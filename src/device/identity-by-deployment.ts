import { readFile } from 'node:fs/promises';
import { ask, complaint } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { sha256 } from '../core/digest.ts';
import { DeviceFailure } from '../core/errors.ts';
import { mountedExt4Files } from '../filesystem/ext4/files.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import { Malformed } from '../filesystem/malformed.ts';
import { volumesOf } from '../filesystem/partitions/volumes.ts';
import { type DiskView, partView } from '../filesystem/view.ts';
import type { ImageManifest, ReleaseSpec } from '../model/image.ts';
import { DiskReader } from '../nbd/disk-reader.ts';
import { passed } from '../oracle/check.ts';
import { checkDeployment, type DeploymentSeen } from '../oracle/deployment.ts';
import { type FilesContext, identityByFiles } from './identity-by-files.ts';
import type { ReleaseIdentity, Shown } from './release-identity.ts';

/** Files of a deployment that the host reads besides the kernel. */
const sampled = 16;
/** Milliseconds that the device may take to say where its root is. */
const limitMs = 60_000;
const mostBytes = 256 << 20;
const heads = 'refs/heads/';

/** Whether a release is a commit of an OSTree repository. */
export function isCommit({ feed = {} }: Pick<ReleaseSpec, 'feed'>): boolean {
  return Object.keys(feed).some((path) => path.startsWith(heads));
}

/**
 * Told by the files of the running system, as the device hashes them; and by what the host reads itself: the commit of the
 * deployment that is its root, some of that deployment's files, which are hard links to the objects of the repository, and the
 * kernel that the boot loader has loaded. They were there before the device came up, and nobody writes to them, so that a
 * file system that is in use can be read without its journal.
 */
export function identityByDeployment(
  context: FilesContext,
  manifest: Pick<ImageManifest, 'slots' | 'releases'>,
): ReleaseIdentity {
  const byFiles = identityByFiles(context, manifest);
  return {
    async look(shown, look) {
      const seen = await byFiles.look(shown, look);
      const release = manifest.releases[seen.running.release ?? ''];
      if (seen.result.verdict !== 'passed' || release?.content.kind !== 'files') return seen;
      const { version, content } = release;
      const { files } = content;
      const result = checkDeployment(await readDeployment(shown, sampleOf(files), context.signal), {
        release: version,
        commits: await commitsOf(release),
        files,
      });
      if (result.verdict !== 'passed')
        return { ...seen, running: { ...seen.running, release: undefined }, result };
      const { message, note } = seen.result;
      return { ...seen, result: passed(`${message}, ${result.message}`, note) };
    },
  };
}

/** The same files each time, drawn by their digests: crash states can differ in what is read. */
export function sampleOf(files: Readonly<Record<string, string>>): string[] {
  return Object.entries(files)
    .filter(([path]) => path.startsWith('/usr/'))
    .sort(([, one], [, other]) => (one < other ? -1 : 1))
    .slice(0, sampled)
    .map(([path]) => path);
}

/** The checksums of what the repository's branches are at in a release. */
async function commitsOf({ feed = {} }: Pick<ReleaseSpec, 'feed'>): Promise<string[]> {
  const refs = Object.entries(feed).filter(([path]) => path.startsWith(heads));
  return Promise.all(refs.map(async ([, { path }]) => (await readFile(path, 'utf8')).trim()));
}

/** Throws DeviceFailure `observe-failed` and `observe-timeout`. */
async function readDeployment(
  { device, subject }: Shown,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<DeploymentSeen> {
  const { stdout } = await ask(
    device,
    `cat /proc/cmdline; while read -r _ _ _ root at _; do [ "$at" = / ] && echo "$root"; done </proc/self/mountinfo; :`,
    { deadline: Deadline.after(limitMs), signal },
    {
      failed: (output) =>
        new DeviceFailure('observe-failed', `the device cannot say where its root is: ${complaint(output)}`),
      late: (cause) =>
        new DeviceFailure(
          'observe-timeout',
          'the device came up, but did not say in time where its root is',
          {
            cause,
          },
        ),
    },
  );
  const [commandLine = '', ...roots] = stdout.trim().split('\n');
  const folder = roots.at(-1) ?? '';
  const [, os = '', bootChecksum = ''] =
    /\bostree=\/ostree\/boot\.[01]\/([^/ ]+)\/([0-9a-f]+)\//.exec(commandLine) ?? [];
  const boot = `/boot/ostree/${os}-${bootChecksum}`;
  for (const disk of subject.disks.values()) {
    const reader = new DiskReader(disk);
    const tree = await reader.look(() => sysrootOn(reader.view));
    if (tree === undefined) continue;
    const digest = async (path: string) => {
      const content = await reader.look(() => tree.read(path, mostBytes));
      return content === undefined ? undefined : sha256(content);
    };
    const digests = new Map<string, string | undefined>();
    for (const path of paths) digests.set(path, await digest(`${folder}${path}`));
    const loaded = new Map<string, string | undefined>();
    for (const name of await reader.look(() => tree.names(boot)))
      loaded.set(`${boot}/${name}`, await digest(`${boot}/${name}`));
    return { folder, digests, loaded };
  }
  throw new DeviceFailure('observe-failed', 'no disk of the device has a file system with /ostree/repo');
}

/** The file system of a disk that has OSTree's repository. */
function sysrootOn(disk: DiskView): FileTree | undefined {
  for (const { offset, bytes } of volumesOf(disk)) {
    try {
      const tree = mountedExt4Files(partView(disk, offset, bytes));
      if (tree.names('/ostree/repo').length > 0) return tree;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
  }
  return undefined;
}
