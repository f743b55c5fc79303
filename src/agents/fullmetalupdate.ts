import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure, HarnessError } from '../core/errors.ts';
import type { AgentLimits, ServerAccount } from './agent.ts';
import { installAsOrdered } from './as-ordered.ts';
import { agentCommand } from './command.ts';
import { defineAgent } from './define-agent.ts';

const folder = '/var/local/fullmetalupdate';
const configuration = `${folder}/config`;
const log = '/run/log/fullmetalupdate.log';

/** What its client tells the server at the end of an order, of whatever it was about. */
const done = 'Hawkbit Update Success : All applications have been updated and correctly restarted.';

const orders = ['delete', 'swap'] as const;

const settings = z.strictObject({
  order: z
    .enum(orders)
    .default('delete')
    .describe(
      'How an application takes the place of the one before. delete: as FullMetalUpdate has it, its folder is deleted, and ' +
        'then the new one is checked out; swap: that is done beside it, and the two change names; what is noted of it is ' +
        'written beside and renamed too',
    ),
});

/** The boot, and of each application the process and when it began. */
const processes = [
  'cat /proc/sys/kernel/random/boot_id',
  'for file in /run/applications/*/pid; do',
  '[ -e "$file" ] || continue',
  'name=${file%/pid}',
  'process=$(cat "$file")',
  'echo "${name##*/} $process $(cut -d " " -f 22 "/proc/$process/stat")"',
  'done',
].join('\n');

/**
 * FullMetalUpdate's client, as images/fullmetalupdate has its actions: a hawkBit server orders commits, of the system or of
 * one application. An application is exchanged without a reboot, and nothing else may notice. It calls the running system
 * good as soon as it starts; that is what confirming is here.
 */
export const fullmetalupdate = defineAgent({
  name: 'fullmetalupdate',
  settings,
  source: () => ({ kind: 'repository', by: 'hawkbit' }),
  needs: () => ['fullmetalupdate', 'ostree'],
  abilities: () => ['verified', 'bootCount', 'server', 'applications'],
  create: ({ order }) => ({
    programs: ['fullmetalupdate', 'ostree'],

    async install(device, { url, account }, limits) {
      if (account === undefined)
        throw new HarnessError(
          'agent-mismatch',
          'fullmetalupdate installs what a server orders, and none does',
        );
      const before = await askProcesses(device, limits);
      const client = {
        accountFile: configuration,
        accountText: configurationOf(account, { order, repository: url }),
        start: `fullmetalupdate poll >>${log} 2>&1`,
        process: 'fullmetalupdate',
        says: done,
      };
      await agentCommand(device, 'install', `mkdir -p ${folder}`, limits);
      await installAsOrdered(device, { account, client }, limits);
      assertUndisturbed(before, await askProcesses(device, limits), account.module);
    },

    activate: () => Promise.resolve(),

    async confirm(device, limits) {
      await agentCommand(device, 'confirm', 'fullmetalupdate mark', limits);
    },

    status: () => Promise.resolve({ booted: undefined, primary: undefined }),

    async accountOf(device, limits) {
      const said = await agentCommand(
        device,
        'status',
        `sed -n s/^id=//p ${configuration} 2>/dev/null || true`,
        limits,
      );
      return said.trim() === '' ? undefined : said.trim();
    },

    async confirmed(device, limits) {
      const said = (await agentCommand(device, 'status', 'fw_printenv -n success', limits)).trim();
      return said === '1' ? undefined : `success is ${said.slice(0, 40)}`;
    },
  }),
});

/** The client's configuration: lines of NAME=VALUE. */
function configurationOf(
  { url, tenant, id, token }: ServerAccount,
  more: { order: (typeof orders)[number]; repository: string },
): string {
  const lines = { url, tenant, id, token, ...more, reboot: 'no', retry: 5 };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

interface Processes {
  boot: string;
  /** Of each application by name: its process, and when it began. */
  applications: ReadonlyMap<string, string>;
}

async function askProcesses(device: Shell, limits: AgentLimits): Promise<Processes> {
  const [boot = '', ...lines] = (await agentCommand(device, 'install', processes, limits)).trim().split('\n');
  return {
    boot,
    applications: new Map(
      lines.map((line): [string, string] => {
        const [name = '', ...process] = line.split(' ');
        return [name, process.join(' since ')];
      }),
    ),
  };
}

/** Throws DeviceFailure `install-disturbed` where more was started anew than what was ordered. */
function assertUndisturbed(before: Processes, after: Processes, ordered: string | undefined): void {
  const complain = (what: string) => {
    throw new DeviceFailure('install-disturbed', `while ${ordered ?? 'a release'} was installed, ${what}`);
  };
  if (before.boot !== after.boot) complain('the device started anew');
  for (const [name, process] of before.applications) {
    if (name === ordered || after.applications.get(name) === process) continue;
    const now = after.applications.get(name) ?? 'gone';
    complain(`application ${name} did not go on: it was process ${process}, and is ${now}`);
  }
}
