import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { AgentLimits } from './agent.ts';
import { agentCommand } from './command.ts';
import { defineAgent, reboots } from './define-agent.ts';

const name = z.string().regex(/^[\w-]+(\/[\w-]+)*$/, { error: 'letters, digits, "_", "-" and "/"' });

const settings = z.strictObject({
  os: name.default('brownout').describe('Name of the system, as "ostree admin status" lists it'),
  remote: name
    .default('brownout')
    .describe("The remote in the device's configuration, with the keys that it trusts"),
  branch: name.default('stable').describe('The branch of the remote that devices follow'),
  // Left out where it is not so: digests of scenarios that say nothing are made over their settings.
  deltas: z
    .literal(true)
    .optional()
    .describe(
      'Releases are pulled as static deltas, and refused where there is none; left out: never as deltas',
    ),
  reboots,
});

/** What FullMetalUpdate's boot script counts by: see images/ostree/boot/boot.cmd. */
const restartCounting = 'fw_setenv init_var';
const inUse = 'fw_setenv success 1';

/**
 * OSTree by its command line (seen with 2025.2). A release is pulled from the server, and deployed beside the running one
 * with /etc merged. Deployments are listed in the order in which the boot loader takes them; its counter is reset before the
 * order changes, or else a cut in between would leave a release that nobody counts the starts of.
 */
export const ostree = defineAgent({
  name: 'ostree',
  settings,
  source: ({ branch, deltas }) => ({
    ...{ kind: 'repository', branch },
    ...(deltas === undefined ? {} : { deltas }),
  }),
  abilities: () => ['stream', 'verified', 'bootCount', 'rollback'],
  create: ({ os, remote, branch, deltas, reboots: who }) => ({
    ...(who === 'itself' ? { reboots: who } : {}),

    programs: ['ostree'],

    async install(device, { url }, limits) {
      const from = `${remote}:${branch}`;
      const how = deltas === true ? '--require-static-deltas' : '--disable-static-deltas';
      const pull = `ostree pull ${how} --url=${quote(url)} ${remote} ${branch}`;
      await agentCommand(device, 'update', pull, limits);
      const deploy = `${restartCounting} && ostree admin deploy --os=${os} ${from}`;
      await agentCommand(device, 'install', who === 'itself' ? `${deploy} && reboot` : deploy, limits);
    },

    async activate(device, limits) {
      const [next] = await deployments(device, limits);
      if (next?.booted === true)
        throw new DeviceFailure(
          'activate-failed',
          `ostree ended with success, and the next boot takes ${next.name}, which runs`,
        );
    },

    /** As a health check does: what the boot loader has given up is taken away, or else it would be tried again. */
    async confirm(device, limits) {
      const [next] = await deployments(device, limits);
      if (next?.booted === false)
        await agentCommand(device, 'confirm', `ostree admin undeploy 0 && fw_setenv init_var 1`, limits);
      const known = 'test "$(fw_printenv -n success)" = 1';
      await agentCommand(device, 'confirm', `${known} || ${inUse}`, limits);
    },

    async rollback(device, limits) {
      await agentCommand(device, 'rollback', `${restartCounting} && ostree admin set-default 1`, limits);
    },

    status: () => Promise.resolve({ booted: undefined, primary: undefined }),

    async confirmed(device, limits) {
      const said = (await agentCommand(device, 'status', 'fw_printenv -n success', limits)).trim();
      return said === '1' ? undefined : `success is ${said.slice(0, 40)}`;
    },

    async knowsFallback(device, limits) {
      const [next] = await deployments(device, limits);
      return next?.booted === false;
    },
  }),
});

interface Deployment {
  /** `brownout 47f4….0` */
  name: string;
  booted: boolean;
}

/** The deployments, that which the boot loader takes next first. Throws DeviceFailure `status-failed`. */
async function deployments(device: Shell, limits: AgentLimits): Promise<Deployment[]> {
  const text = await agentCommand(device, 'status', 'ostree admin status', limits);
  const found = [...text.matchAll(/^([* ]) (\S+ [0-9a-f]{64}\.\d+)/gm)];
  if (found.length === 0)
    throw new DeviceFailure('status-failed', `ostree lists no deployment: ${text.trim().slice(0, 200)}`);
  return found.map(([, mark, named = '']) => ({ name: named, booted: mark === '*' }));
}
