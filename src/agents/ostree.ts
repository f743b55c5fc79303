import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import { filePath } from '../document/forms.ts';
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
  grubenv: filePath('of the device')
    .optional()
    .describe(
      "Block of GRUB's environment in which starts are counted as greenboot does; left out: U-Boot's variables are, as FullMetalUpdate does",
    ),
  reboots,
});

/** How the starts of a release that nobody has confirmed are counted: what a device runs for that. */
interface Counting {
  /** Before another deployment comes first. */
  begin: string;
  /** Once a release is in use; nothing where that is known. */
  inUse: string;
  /** Once the boot loader has given a release up, and it was taken away. */
  givenUp: string;
  /** Prints what is noted. */
  ask: string;
  /** What of that says that starts are counted still; undefined: nothing. */
  open: (said: string) => string | undefined;
}

/** What FullMetalUpdate's boot script counts by: see images/ostree/boot/boot.cmd. */
const byUBoot: Counting = {
  begin: 'fw_setenv init_var',
  inUse: 'test "$(fw_printenv -n success)" = 1 || fw_setenv success 1',
  givenUp: 'fw_setenv init_var 1',
  ask: 'fw_printenv -n success',
  open: (said) => (said.trim() === '1' ? undefined : `success is ${said.trim()}`),
};

/**
 * What greenboot's units do with GRUB's environment (greenboot-grub2-set-counter, greenboot-grub2-set-success,
 * greenboot-rpm-ostree-grub2-check-fallback), and its fragments of grub.cfg count by: see images/ostree/boot/grub.cfg.
 */
function byGreenboot(block: string): Counting {
  const editenv = `grub-editenv ${quote(block)}`;
  return {
    begin: `${editenv} set boot_counter=3 && ${editenv} set boot_success=0`,
    inUse: `${editenv} set boot_success=1 && ${editenv} unset boot_counter`,
    givenUp: `${editenv} unset boot_counter`,
    ask: `${editenv} list`,
    open: (said) => /^boot_counter=.*/m.exec(said)?.[0],
  };
}

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
  needs: () => ['ostree'],
  abilities: () => ['stream', 'verified', 'bootCount', 'rollback'],
  create: ({ os, remote, branch, deltas, grubenv, reboots: who }) => {
    const counting = grubenv === undefined ? byUBoot : byGreenboot(grubenv);
    return {
      ...(who === 'itself' ? { reboots: who } : {}),

      programs: ['ostree'],

      async install(device, { url }, limits) {
        const from = `${remote}:${branch}`;
        const how = deltas === true ? '--require-static-deltas' : '--disable-static-deltas';
        const pull = `ostree pull ${how} --url=${quote(url)} ${remote} ${branch}`;
        await agentCommand(device, 'update', pull, limits);
        const deploy = `${counting.begin} && ostree admin deploy --os=${os} ${from}`;
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
          await agentCommand(device, 'confirm', `ostree admin undeploy 0 && ${counting.givenUp}`, limits);
        await agentCommand(device, 'confirm', counting.inUse, limits);
      },

      async rollback(device, limits) {
        await agentCommand(device, 'rollback', `${counting.begin} && ostree admin set-default 1`, limits);
      },

      status: () => Promise.resolve({ booted: undefined, primary: undefined }),

      async confirmed(device, limits) {
        return counting.open(await agentCommand(device, 'status', counting.ask, limits))?.slice(0, 60);
      },

      async knowsFallback(device, limits) {
        const [next] = await deployments(device, limits);
        return next?.booted === false;
      },
    };
  },
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
