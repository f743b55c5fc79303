import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import { bootVariables, tryVariables } from '../model/boot-variables.ts';
import type { AgentLimits } from './agent.ts';
import { installAsOrdered } from './as-ordered.ts';
import { agentCommand } from './command.ts';
import { defineAgent, reboots } from './define-agent.ts';
import { accountOf, isToldOf, reportAs, suricatta } from './suricatta.ts';

/** In the device's memory, so that what is written to its disks is SWUpdate's. */
const folder = '/run/brownout';

/** Where SWUpdate's GRUB backend has its environment (2024.12, bootloader/grub.h); U-Boot's is where this file says. */
const grubEnvironment = '/boot/grub/grubenv';
const ubootPlaces = '/etc/fw_env.config';

/** SWUpdate's state of an update that has failed (STATE_FAILED). */
const failed = '3';

const word = z.string().regex(/^[\w.-]+$/, { error: 'letters, digits, "_", "." and "-"' });

const settings = z.strictObject({
  direct: z
    .boolean()
    .default(false)
    .describe('Whether the image is written to the slot while it is read (installed-directly)'),
  markers: z
    .boolean()
    .default(true)
    .describe('Whether SWUpdate notes in the environment what it is doing (without: its options -M and -m)'),
  delivery: z
    .enum(['url', 'file', 'hawkbit'])
    .default('url')
    .describe(
      'Whether SWUpdate downloads the update itself, is given a file, or asks a hawkBit server (suricatta)',
    ),
  software: word
    .default('stable')
    .describe('The software collection; its mode is the slot that does not run'),
  slots: z
    .record(word, z.string().min(1))
    .default({ A: '/dev/vda2', B: '/dev/vda3' })
    .describe("The two slots, each with what root= on the kernel's command line names when it runs"),
  refuseOlder: z
    .literal(true)
    .optional()
    .describe('SWUpdate refuses a release older than the one that runs (its option -N)'),
  reboots,
});

type Settings = z.output<typeof settings>;

/**
 * SWUpdate 2024.12 by its command line, dual copy by two modes of a software collection. Its configuration, with the
 * boot loader and the keys, is the image's. SWUpdate has no mark-good of its own: what the health check of a product
 * would write to the boot loader's environment is written here (model/boot-variables.ts), by U-Boot's or GRUB's tool.
 */
export const swupdate = defineAgent({
  name: 'swupdate',
  settings,
  source: ({ direct, delivery }) => ({
    kind: 'bundle',
    format: direct ? 'swu-direct' : 'swu',
    ...(delivery === 'hawkbit' ? { by: delivery } : {}),
  }),
  needs: () => ['swupdate'],
  abilities: ({ delivery, refuseOlder }) => [
    ...(delivery === 'file' ? [] : (['stream'] as const)),
    ...(['slots', 'verified', 'dates', 'bootCount', 'rollback'] as const),
    ...(delivery === 'hawkbit' ? (['server'] as const) : []),
    ...(refuseOlder === true ? (['downgradeGuard'] as const) : []),
  ],
  create: (chosen) => ({
    ...(chosen.reboots === 'itself' ? { reboots: chosen.reboots } : {}),

    programs: ['swupdate'],
    // It unpacks there what it is to verify first.
    ...(chosen.direct ? {} : { downloads: '/tmp' }),

    async install(device, { url, account }, limits) {
      const { other } = await askSlots(device, chosen, 'install', limits);
      if (account !== undefined) {
        const client = suricatta(account, optionsOf(chosen, other));
        await installAsOrdered(device, { account, client }, limits);
        return;
      }
      const file = `${folder}/update.swu`;
      if (chosen.delivery === 'file')
        await agentCommand(
          device,
          'update',
          `mkdir -p ${folder} && wget -q -O ${file} ${quote(url)}`,
          limits,
        );
      const words = [
        `swupdate ${optionsOf(chosen, other)}`,
        ...(chosen.reboots === 'itself' ? ['-p reboot'] : []),
        chosen.delivery === 'file' ? `-i ${file}` : `-d ${quote(`-u ${url}`)}`,
      ];
      await agentCommand(device, 'install', words.join(' '), limits);
    },

    async activate(device, limits) {
      const { running, other } = await askSlots(device, chosen, 'activate', limits);
      if ((await askEnvironment(device, limits)).get(bootVariables.slot) !== running) return;
      await setEnvironment(device, 'activate', tryVariables(other), limits);
    },

    async confirm(device, limits) {
      const { running, other } = await askSlots(device, chosen, 'confirm', limits);
      const good = { ...tryVariables(running), [bootVariables.pending]: '0' };
      const reports = chosen.delivery === 'hawkbit' && (await isToReport(device, limits));
      await setEnvironment(
        device,
        'confirm',
        reports ? good : { ...good, [bootVariables.state]: '0' },
        limits,
      );
      if (reports) await report(device, optionsOf(chosen, other), limits);
    },

    ...(chosen.delivery === 'hawkbit' ? { accountOf } : {}),

    async status(device, limits) {
      const { running } = await askSlots(device, chosen, 'status', limits);
      return { booted: running, primary: (await askEnvironment(device, limits)).get(bootVariables.slot) };
    },

    async knowsFallback(device, limits) {
      return (await askEnvironment(device, limits)).get(bootVariables.state) === failed;
    },

    async confirmed(device, limits) {
      const environment = await askEnvironment(device, limits);
      const pending = environment.get(bootVariables.pending);
      return pending === '0'
        ? undefined
        : `${bootVariables.pending} is ${pending?.slice(0, 40) ?? 'not set'}`;
    },

    async rollback(device, limits) {
      const { other } = await askSlots(device, chosen, 'rollback', limits);
      await setEnvironment(device, 'rollback', tryVariables(other), limits);
    },
  }),
});

/** What every start of SWUpdate is given; an update goes to the slot `other`. */
function optionsOf({ software, markers, refuseOlder }: Settings, other: string): string {
  return [
    `-f /etc/swupdate.cfg -e ${software},${other}`,
    ...(markers ? [] : ['-M -m']),
    ...(refuseOlder === true ? [`-N "$(sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"')"`] : []),
  ].join(' ');
}

/** Which slot runs, and which does not. Throws DeviceFailure `<what>-failed` where it is none of those named. */
async function askSlots(
  device: Shell,
  { slots }: Settings,
  what: string,
  limits: AgentLimits,
): Promise<{ running: string; other: string }> {
  const line = await agentCommand(device, what, 'cat /proc/cmdline', limits);
  const root = line
    .trim()
    .split(/\s+/)
    .findLast((one) => one.startsWith('root='))
    ?.slice('root='.length);
  const running = Object.keys(slots).find((name) => slots[name] === root);
  const other = Object.keys(slots).find((name) => slots[name] !== root);
  if (running !== undefined && other !== undefined) return { running, other };
  const known = Object.values(slots).join(', ');
  throw new DeviceFailure(
    `${what}-failed`,
    `the device runs from ${root?.slice(0, 80) ?? 'an unknown root'}, and its slots are ${known}`,
  );
}

/** Whether SWUpdate's state is one that its daemon reports to the server when it starts. */
async function isToReport(device: Shell, limits: AgentLimits): Promise<boolean> {
  if ((await accountOf(device, limits)) === undefined) return false;
  return isToldOf((await askEnvironment(device, limits)).get(bootVariables.state));
}

/** Has the daemon tell the server what came of the update: it takes its state back to 0 once the server has heard it. */
async function report(device: Shell, options: string, limits: AgentLimits): Promise<void> {
  const state = eitherLoader(
    `fw_printenv -n ${bootVariables.state}`,
    `grub-editenv ${grubEnvironment} list | sed -n s/^${bootVariables.state}=//p`,
  );
  await reportAs(device, { options, state }, limits);
}

async function askEnvironment(device: Shell, limits: AgentLimits): Promise<Map<string, string>> {
  const command = eitherLoader('fw_printenv', `grub-editenv ${grubEnvironment} list`);
  const text = await agentCommand(device, 'status', command, limits);
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf('=');
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

/** All variables at once: a cut must not come between two of them. */
async function setEnvironment(
  device: Shell,
  what: string,
  variables: Readonly<Record<string, string>>,
  limits: AgentLimits,
): Promise<void> {
  const pairs = Object.entries(variables)
    .map(([name, value]) => quote(`${name}=${value}`))
    .join(' ');
  const command = eitherLoader(
    `printf '%s\\n' ${pairs} | fw_setenv -s -`,
    `grub-editenv ${grubEnvironment} set ${pairs}`,
  );
  await agentCommand(device, what, command, limits);
}

function eitherLoader(uboot: string, grub: string): string {
  return `if [ -e ${ubootPlaces} ]; then ${uboot}; else ${grub}; fi`;
}
