import { DeviceFailure } from '../core/errors.ts';
import type { AgentLimits, ReleaseSource, Shell, UpdateAgent } from './agent.ts';
import { agentCommand } from './command.ts';

/** In the device's memory, so that naming a release's feed changes nothing on its disks. */
const configuration = '/run/brownout/opkg.conf';
const opkg = `opkg -f ${configuration}`;

/**
 * opkg by its command line (seen with 0.5.0): the device's own settings, but the release's feeds. `update` ends with the
 * number of feeds that failed. Where something does not work out it often ends with 0 all the same, and does nothing
 * (a dependency that the feed lacks), so what is installed afterwards is for others to look at.
 */
export const opkgAgent: UpdateAgent = {
  async install(device, source, limits) {
    await update(device, source, limits);
    await upgrade(device, source, limits);
  },

  async activate() {
    // Packages are in force at once.
  },

  async confirm() {
    // opkg has no such notion.
  },

  status: () => Promise.resolve({ booted: undefined, primary: undefined }),

  rollback: () =>
    Promise.reject(new DeviceFailure('rollback-failed', 'opkg has no way back to the release before')),

  packages: {
    system: 'opkg',

    async recover(device, source, limits) {
      await point(device, source, limits);
      await agentCommand(device, 'recover', `${opkg} configure`, limits);
      await agentCommand(device, 'update', `${opkg} update`, limits);
      // A package in /var/cache/opkg that the cut has damaged is removed, and the upgrade ends with 255.
      try {
        await upgrade(device, source, limits);
        return undefined;
      } catch (error) {
        if (!(error instanceof DeviceFailure && error.code === 'install-failed')) throw error;
        await upgrade(device, source, limits);
        return 'at the second try';
      }
    },

    async add(device, source, names, limits) {
      await update(device, source, limits);
      await agentCommand(device, 'add', `${opkg} install ${names.join(' ')}`, limits);
    },

    async remove(device, names, limits) {
      await agentCommand(device, 'remove', `opkg remove ${names.join(' ')}`, limits);
    },
  },
};

async function update(device: Shell, source: ReleaseSource, limits: AgentLimits): Promise<void> {
  await point(device, source, limits);
  await agentCommand(device, 'update', `${opkg} update`, limits);
}

/** opkg goes back to an older version of what it is told by name only. */
async function upgrade(device: Shell, source: ReleaseSource, limits: AgentLimits): Promise<void> {
  if (!source.older) {
    await agentCommand(device, 'install', `${opkg} upgrade`, limits);
    return;
  }
  const listed = await agentCommand(device, 'status', 'opkg list-installed', limits);
  const installed = new Set(listed.split('\n').map((line) => line.split(' ')[0]));
  const names = source.packages.flatMap(({ name }) => (installed.has(name) ? [name] : []));
  await agentCommand(device, 'install', `${opkg} install --force-downgrade ${names.join(' ')}`, limits);
}

/** Lets opkg read the release's feeds and no others. */
async function point(device: Shell, { url, folders }: ReleaseSource, limits: AgentLimits): Promise<void> {
  const feeds = folders.map((name) => `src/gz brownout-${name} ${url}/${name}`);
  const command = [
    `mkdir -p /run/brownout`,
    `{ cat /etc/opkg/*.conf | sed '/^[[:space:]]*src/d'`,
    `cat <<'FEEDS'`,
    ...feeds,
    'FEEDS',
    `} > ${configuration}`,
  ].join('\n');
  await agentCommand(device, 'update', command, limits);
}
