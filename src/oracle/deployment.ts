import { type CheckResult, failed, passed } from './check.ts';

/** Wrong files that a message names. */
const maxNamed = 3;

/** Where a deployment has its kernel and initial RAM disk, of which OSTree copies both to /boot. */
const kernel = /^\/usr\/lib\/modules\/[^/]+\/(?:vmlinuz|initramfs\.img)$/;

/** A deployment of OSTree's, as the host has read it from the disk. */
export interface DeploymentSeen {
  /** Folder of the deployment that is the root of the running system, as the device says: `/ostree/deploy/OS/deploy/COMMIT.0`. */
  folder: string;
  /** SHA-256 of files below it that were read; undefined: there is none such, or nobody can read it. */
  digests: ReadonlyMap<string, string | undefined>;
  /** Of the files that the boot loader has loaded, by path: a kernel and an initial RAM disk at least. */
  loaded: ReadonlyMap<string, string | undefined>;
}

/** What a release's deployment must be. */
export interface DeploymentExpected {
  release: string;
  /** Checksums of commits, of which one is the release's system. */
  commits: readonly string[];
  /** SHA-256 of its files, by absolute path. */
  files: Readonly<Record<string, string>>;
}

/** The commit in the name of a deployment's folder (ostree-sysroot.c, 2025.2); undefined where it is no such folder. */
function commitOf(folder: string): string | undefined {
  return /^\/ostree\/deploy\/[^/]+\/deploy\/([0-9a-f]{64})\.\d+$/.exec(folder)?.[1];
}

/** Is what lies on the disk the release that the device has shown? */
export function checkDeployment(
  { folder, digests, loaded }: DeploymentSeen,
  { release, commits, files }: DeploymentExpected,
): CheckResult {
  const commit = commitOf(folder);
  if (commit === undefined)
    return failed('release-mixed', `the device shows ${release}, and its root is no deployment: ${folder}`);
  if (!commits.includes(commit))
    return failed(
      'release-mixed',
      `the device shows ${release}, and its root is a deployment of ${commit.slice(0, 12)}…, which is no commit of that release`,
    );
  const kernels = new Set(
    Object.entries(files).flatMap(([path, sha256]) => (kernel.test(path) ? [sha256] : [])),
  );
  const wrong = [
    ...[...digests].filter(([path, sha256]) => sha256 !== files[path]),
    ...[...loaded].filter(([, sha256]) => sha256 === undefined || !kernels.has(sha256)),
  ].map(([path, sha256]) => `${path} ${sha256 === undefined ? 'cannot be read' : 'has other content'}`);
  if (loaded.size < 2) wrong.push('the kernel and its initial RAM disk are not in /boot/ostree');
  if (wrong.length > 0) {
    const more = wrong.length > maxNamed ? ` and ${wrong.length - maxNamed} more` : '';
    return failed(
      'release-mixed',
      `the device shows ${release}, and on its disk the deployment is not that: ${wrong.slice(0, maxNamed).join(', ')}${more}`,
    );
  }
  return passed(`${digests.size + loaded.size} of them read from the disk`);
}
