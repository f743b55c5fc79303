import type { Shell } from '../core/ask.ts';
import type { AgentLimits, ReleaseSource } from './agent.ts';
import { agentCommand } from './command.ts';
import { definePackageManager } from './in-place.ts';
import { type Installed, installedAfterCut, noScriptletFailed } from './rpm-database.ts';

/** In the device's memory, so that naming a release's feed changes nothing on its disks. */
const folder = '/run/brownout';

/**
 * dnf as an unattended device runs it (seen with 4.23.0): the device's own settings, but the release's feed, each folder of
 * which is a repository. Packages are not signed, as in a build without PACKAGE_FEED_GPG. What a repository says is
 * fetched anew each time. Where a scriptlet has failed dnf ends with 0, like rpm.
 */
export const dnf = definePackageManager({
  name: 'dnf',
  format: 'rpm',
  system: 'rpm',
  install: (device, source, limits) => upgrade(device, source, limits),
  packages: {
    // Of a plain %config, as OpenEmbedded writes it.
    promise: { edited: 'kept-somewhere', deleted: 'may-return' },

    /**
     * dnf 4 has no step of its own for a transaction that was cut off (yum-complete-transaction is gone). Of a package that
     * is recorded in both versions the older goes, and the newer is installed over itself ("dnf remove --duplicates",
     * dnf(8)); then the upgrade again.
     */
    async recover(device, source, limits) {
      const { found, odd } = await installedAfterCut(device, limits);
      if (twice(found)) await transaction(device, source, 'recover', 'remove --duplicates', limits);
      await upgrade(device, source, limits);
      return odd;
    },

    async add(device, source, names, limits) {
      await transaction(device, source, 'add', `install ${names.join(' ')}`, limits);
    },

    async remove(device, names, limits) {
      await agentCommand(device, 'remove', `${command} --disablerepo='*' remove ${names.join(' ')}`, limits);
    },
  },
});

const command =
  'dnf -y --refresh --nogpgcheck --releasever=1 --setopt=install_weak_deps=False' +
  ` --setopt=reposdir=${folder}/repositories`;

function upgrade(device: Shell, source: ReleaseSource, limits: AgentLimits): Promise<void> {
  // An older version takes the place of a newer one with "distro-sync" only (dnf(8)).
  return transaction(device, source, 'install', source.older ? 'distro-sync' : 'upgrade', limits);
}

async function transaction(
  device: Shell,
  { url, folders }: ReleaseSource,
  what: 'add' | 'install' | 'recover',
  asked: string,
  limits: AgentLimits,
): Promise<void> {
  const repositories = folders.flatMap((name, n) => [
    `[feed${n}]`,
    `name=feed ${n}`,
    `baseurl=${url}${name === '.' ? '' : `/${name}`}`,
    'enabled=1',
  ]);
  const lines = [
    `mkdir -p ${folder}/repositories`,
    `cat >${folder}/repositories/feed.repo <<'END'`,
    ...repositories,
    'END',
    `${command} ${asked} 2>&1`,
  ];
  noScriptletFailed('dnf', what, await agentCommand(device, what, lines.join('\n'), limits));
}

/** Whether a package is recorded in two versions, which a cut may leave. */
function twice(found: readonly Installed[]): boolean {
  return new Set(found.map(({ name, architecture }) => `${name}.${architecture}`)).size < found.length;
}
