import type { Shell } from '../core/ask.ts';
import { quote } from '../core/quote.ts';
import type { AgentLimits, FeedPackage, ReleaseSource } from './agent.ts';
import { agentCommand } from './command.ts';

/** In the device's memory, so that what is written to its disks is the package manager's. */
const folder = '/run/brownout/packages';

/**
 * Fetches packages with the device's wget, for package managers that know no feed. Returns a pattern of the shell that
 * stands for their files, which end in `suffix`. Throws DeviceFailure `update-failed`, `update-timeout`.
 */
export async function download(
  device: Shell,
  { url }: ReleaseSource,
  packages: readonly FeedPackage[],
  suffix: '.deb' | '.rpm',
  limits: AgentLimits,
): Promise<string> {
  const lines = packages.map(
    ({ path }, i) => `wget -q -O ${folder}/${i}${suffix} ${quote(`${url}/${path}`)} || exit 1`,
  );
  const command = [`rm -rf ${folder}; mkdir -p ${folder}`, ...lines].join('\n');
  await agentCommand(device, 'update', command, limits);
  return `${folder}/*${suffix}`;
}
