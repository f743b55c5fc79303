import type { Shell } from '../core/ask.ts';
import type { AgentLimits, FeedPackage, ReleaseSource } from './agent.ts';
import { agentCommand, firstAid } from './command.ts';
import { download } from './download.ts';
import { definePackageManager } from './in-place.ts';

/** Nobody is there to answer questions. */
export const unattended = 'DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true';
const command = `${unattended} dpkg --force-confold`;

/**
 * dpkg alone, as a device without apt uses it (seen with 1.22): the release's packages that are installed are fetched
 * with wget and installed together. It knows of no feed, so dependencies are for whoever made the release.
 */
export const dpkg = definePackageManager({
  name: 'dpkg',
  format: 'deb',
  system: 'dpkg',
  install,
  packages: {
    async recover(device, source, limits) {
      const odd = await recoverDpkg(device, limits);
      await install(device, source, limits);
      return odd;
    },

    async add(device, source, names, limits) {
      const wanted = source.packages.filter(({ name }) => names.includes(name));
      await fetchAndInstall(device, 'add', source, wanted, limits);
    },

    async remove(device, names, limits) {
      await agentCommand(device, 'remove', `${command} --remove ${names.join(' ')}`, limits);
    },
  },
});

async function install(device: Shell, source: ReleaseSource, limits: AgentLimits): Promise<void> {
  // Also what is there in part: it is to be whole again.
  const query = `dpkg-query --show --showformat '\${db:Status-Status} \${Package} \${Version} \${db:Status-Eflag}\\n'`;
  const listed = await agentCommand(device, 'status', query, limits);
  const there = new Map(
    listed.split('\n').map((line) => {
      const [state = '', name = '', version = '', flag = ''] = line.split(' ');
      return [name, { state, version, flag }] as const;
    }),
  );
  const wanted = source.packages.filter(({ name, version }) => {
    const found = there.get(name);
    if (found === undefined || found.state === 'not-installed' || found.state === 'config-files')
      return false;
    return found.state !== 'installed' || found.version !== version || found.flag === 'reinstreq';
  });
  await fetchAndInstall(device, 'install', source, wanted, limits);
}

async function fetchAndInstall(
  device: Shell,
  what: 'add' | 'install',
  source: ReleaseSource,
  packages: readonly FeedPackage[],
  limits: AgentLimits,
): Promise<void> {
  if (packages.length === 0) return;
  const files = await download(device, source, packages, '.deb', limits);
  await agentCommand(device, what, `${command} --install ${files}`, limits);
}

/**
 * `dpkg --configure -a`, which its documentation names for what was interrupted. It passes over what is half installed,
 * and ends with 1 where a package must be installed again: the installation that follows does that. Returns what was odd.
 */
export function recoverDpkg(device: Shell, limits: AgentLimits): Promise<string | undefined> {
  return firstAid(device, `${command} --configure -a`, limits);
}
