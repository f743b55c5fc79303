import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { AgentLimits, AgentStatus } from './agent.ts';
import { agentCommand } from './command.ts';
import { defineAgent, reboots } from './define-agent.ts';

/** In the device's memory, so that what is written to its disks is Mender's. */
const folder = '/run/brownout';

/** Variables of the boot loader's environment, on GRUB and on U-Boot. */
const partition = 'mender_boot_part';
const pending = 'upgrade_available';
/** By the first tool that Mender itself would take. */
const readEnvironment = `if command -v grub-mender-grubenv-print >/dev/null; then grub-mender-grubenv-print ${partition} ${pending}; else fw_printenv ${partition} ${pending}; fi`;

/** What Mender says where the boot loader has gone back from a release. */
const fellBack = 'Reboot to the new update failed';

/**
 * What a device's health check does at each good start. Mender ends with 2 where it knows of no update; if one is pending for
 * the boot loader all the same, nobody can confirm it any more. Where the boot loader has gone back, Mender says so once, ends
 * with 1, and forgets the update: the release that runs needs no commit.
 */
const commit = [
  'said=$(mender --no-syslog commit 2>&1)',
  'code=$?',
  'printf "%s\\n" "$said"',
  `case $code:$said in 0:* | 1:*'${fellBack}'*) exit 0 ;; 2:*) ;; *) exit $code ;; esac`,
  `case $(${readEnvironment}) in *${pending}=1*) echo "Mender has nothing to commit, and ${pending} is 1: the boot loader will go back" >&2; exit 2 ;; esac`,
].join('; ');

const settings = z.strictObject({
  delivery: z
    .enum(['url', 'file'])
    .default('url')
    .describe('Whether Mender downloads the artifact itself, or is given a file'),
  artifact: z
    .enum(['rootfs-image', 'single-file'])
    .default('rootfs-image')
    .describe('What a release is: a slot, or one file of an application, by the update module of that name'),
  slots: z
    .record(z.string().regex(/^[\w.-]+$/, { error: 'letters, digits, "_", "." and "-"' }), z.string().min(1))
    .default({ A: '/dev/vda2', B: '/dev/vda3' })
    .describe("The two slots, each with what root= on the kernel's command line names when it runs"),
  stateScripts: z
    .boolean()
    .optional()
    .describe(
      'Whether artifacts bring state scripts, and the device limits how long one may take (default: false)',
    ),
  reboots,
});

type Settings = z.output<typeof settings>;

/**
 * Mender 3.4 standalone, by its command line. Its configuration, with the two partitions, the kind of device and the key, is the
 * image's. It has no way back from a release that was committed: `mender rollback` is for one that was not.
 */
export const mender = defineAgent({
  name: 'mender',
  settings,
  source: ({ artifact }) => ({
    kind: 'bundle',
    format: artifact === 'rootfs-image' ? 'mender' : 'mender-file',
  }),
  needs: () => ['mender'],
  abilities: ({ artifact, delivery, stateScripts }) => [
    ...(delivery === 'file' ? [] : (['stream'] as const)),
    ...(artifact === 'rootfs-image' ? (['slots', 'bootCount', 'triesOnce'] as const) : []),
    ...(stateScripts === true ? (['stateScripts'] as const) : []),
    ...(['verified', 'dependencies'] as const),
  ],
  create: (chosen) => ({
    programs: ['mender'],
    ...(chosen.reboots === 'itself' ? { reboots: chosen.reboots } : {}),

    async install(device, { url }, limits) {
      const file = `${folder}/update.mender`;
      if (chosen.delivery === 'file')
        await agentCommand(
          device,
          'update',
          `mkdir -p ${folder} && wget -q -O ${file} ${quote(url)}`,
          limits,
        );
      const command = `mender --no-syslog install ${chosen.delivery === 'file' ? file : quote(url)}`;
      await agentCommand(
        device,
        'install',
        chosen.reboots === 'itself' ? `${command} && reboot` : command,
        limits,
      );
    },

    async activate(device, limits) {
      if (chosen.artifact !== 'rootfs-image') return;
      const { booted, primary } = await askStatus(device, chosen, limits);
      if (primary === booted)
        throw new DeviceFailure(
          'activate-failed',
          `Mender ended with success, and the next boot takes slot ${booted ?? 'nowhere'}, which runs`,
        );
    },

    async confirm(device, limits) {
      await agentCommand(device, 'confirm', commit, limits);
    },

    status: (device, limits) => askStatus(device, chosen, limits),

    async knowsFallback(device, limits) {
      // It has no other way to be asked, and forgets the update thereby.
      const said = await agentCommand(device, 'status', 'mender --no-syslog commit 2>&1 || true', limits);
      return said.includes(fellBack);
    },

    async confirmed(device, limits) {
      // fw_printenv says "x=" of a variable that is not set.
      const said = (await askEnvironment(device, limits)).get(pending) ?? '';
      return said === '0' ? undefined : `${pending} is ${said === '' ? 'not set' : said.slice(0, 40)}`;
    },
  }),
});

async function askStatus(device: Shell, { slots }: Settings, limits: AgentLimits): Promise<AgentStatus> {
  const root = /(?:^|\s)root=(\S+)/.exec(
    await agentCommand(device, 'status', 'cat /proc/cmdline', limits),
  )?.[1];
  const next = (await askEnvironment(device, limits)).get(partition);
  const named = (wanted: (place: string) => boolean) =>
    Object.keys(slots).find((name) => wanted(slots[name] ?? ''));
  return {
    booted: named((place) => place === root),
    // Mender knows a partition by the digits at the end of its path.
    primary: named((place) => /\d+$/.exec(place)?.[0] === next),
  };
}

async function askEnvironment(device: Shell, limits: AgentLimits): Promise<Map<string, string>> {
  const text = await agentCommand(device, 'status', readEnvironment, limits);
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf('=');
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}
