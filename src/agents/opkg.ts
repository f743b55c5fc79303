import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { AgentLimits, ReleaseSource } from './agent.ts';
import { agentCommand, firstAid } from './command.ts';
import { definePackageManager } from './in-place.ts';

/** In the device's memory, so that naming a release's feed changes nothing on its disks. */
const configuration = '/run/brownout/opkg.conf';
const command = `opkg -f ${configuration}`;
/** Each try ends at the first package in its cache that the cut has damaged, and removes it: the next one gets further. */
const foundDamage = /Removing corrupt package file/;

/**
 * opkg by its command line (seen with 0.5.0): the device's own settings, but the release's feeds. `update` ends with the
 * number of feeds that failed. Where something does not work out it often ends with 0 all the same, and does nothing
 * (a dependency that the feed lacks), so what is installed afterwards is for others to look at.
 */
export const opkg = definePackageManager({
  name: 'opkg',
  format: 'ipk',
  system: 'opkg',
  install: async (device, source, limits) => {
    await update(device, source, limits);
    await upgrade(device, source, limits);
  },
  packages: {
    async recover(device, source, limits) {
      await point(device, source, limits);
      const odd = await firstAid(device, `${command} configure`, limits);
      await agentCommand(device, 'update', `${command} update`, limits);
      for (let attempt = 1; ; attempt += 1) {
        try {
          await upgrade(device, source, limits);
          if (attempt === 1) return odd;
          return [...(odd === undefined ? [] : [odd]), `at try ${attempt}`].join(', ');
        } catch (error) {
          const next = error instanceof DeviceFailure && foundDamage.test(error.message);
          if (!next || attempt > source.packages.length) throw error;
        }
      }
    },

    async add(device, source, names, limits) {
      await update(device, source, limits);
      await agentCommand(device, 'add', `${command} install ${names.join(' ')}`, limits);
    },

    async remove(device, names, limits) {
      await agentCommand(device, 'remove', `opkg remove ${names.join(' ')}`, limits);
    },
  },
});

async function update(device: Shell, source: ReleaseSource, limits: AgentLimits): Promise<void> {
  await point(device, source, limits);
  await agentCommand(device, 'update', `${command} update`, limits);
}

/**
 * To an older version opkg goes back by the package's address only: by its name, also with --force-downgrade, it says "No
 * packages installed or removed" and ends with 0. An address of the version that is installed it refuses.
 */
async function upgrade(device: Shell, source: ReleaseSource, limits: AgentLimits): Promise<void> {
  if (!source.older) {
    await agentCommand(device, 'install', `${command} upgrade`, limits);
    return;
  }
  const listed = await agentCommand(device, 'status', 'opkg list-installed', limits);
  const installed = new Map(
    listed.split('\n').map((line) => {
      const [name = '', version] = line.split(' - ');
      return [name, version] as const;
    }),
  );
  const addresses = source.packages.flatMap(({ name, version, path }) => {
    const found = installed.get(name);
    return found === undefined || found === version ? [] : [`${source.url}/${path}`];
  });
  if (addresses.length === 0) return;
  await agentCommand(
    device,
    'install',
    `${command} install --force-downgrade ${addresses.join(' ')}`,
    limits,
  );
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
