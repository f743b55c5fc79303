import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { AgentLimits, AgentStatus } from './agent.ts';
import { agentCommand } from './command.ts';
import { defineAgent, reboots } from './define-agent.ts';
import { installByUpdater, updaterAccount } from './hawkbit-updater.ts';

const slotSchema = z.object({
  bootname: z.string().nullish(),
  state: z.string(),
  boot_status: z.string().nullish(),
});

/**
 * `rauc status --output-format=json`, RAUC 1.13 (src/main.c, r_status_formatter_json): `booted` is the
 * bootname of the running slot, `boot_primary` the name (`rootfs.1`) of the one that comes next. A slot that has a
 * bootname has a `boot_status`: `good`, `bad`, or null where the boot loader does not say.
 */
const statusSchema = z.object({
  booted: z.string().nullish(),
  boot_primary: z.string().nullish(),
  slots: z.array(z.record(z.string(), slotSchema)),
});

/** What the kernel says of a streamed bundle: it is an nbd device (major 43) below dm-verity below squashfs. */
export const kernelOnStreamedBundle = /\bnbd\d+\b|verity: 43:\d+: |SQUASHFS error: /;

/** In the device's memory, so that what is written to its disks is RAUC's. */
const folder = '/run/brownout';

/**
 * RAUC 1.13 by its command line. A `verity` bundle is streamed from its address. RAUC streams no `plain` one ("Bundle
 * Formats" in its documentation): the device's wget fetches it first.
 */
export const rauc = defineAgent({
  name: 'rauc',
  settings: z.strictObject({
    bundle: z.enum(['verity', 'plain']).default('verity'),
    // Left out where it is none: digests of scenarios that say nothing are made over their settings.
    delivery: z
      .enum(['url', 'hawkbit'])
      .optional()
      .describe(
        'Whether the device is told what to install (default), or rauc-hawkbit-updater asks a hawkBit server',
      ),
    reboots,
  }),
  source: ({ bundle, delivery }) => ({
    kind: 'bundle',
    format: bundle,
    ...(delivery === 'hawkbit' ? { by: delivery } : {}),
  }),
  needs: ({ delivery }) => ['rauc', ...(delivery === 'hawkbit' ? ['rauc-hawkbit-updater'] : [])],
  abilities: ({ bundle, delivery }) => [
    ...(bundle === 'verity' ? (['stream'] as const) : []),
    ...(['slots', 'verified', 'dates', 'bootCount', 'rollback'] as const),
    ...(delivery === 'hawkbit' ? (['server', 'maintenanceWindow'] as const) : []),
  ],
  create: ({ bundle, delivery, reboots: who }) => ({
    ...(who === 'itself' ? { reboots: who } : {}),

    ...(bundle === 'verity' ? { kernelOnSource: kernelOnStreamedBundle } : {}),

    programs: ['rauc', ...(delivery === 'hawkbit' ? ['rauc-hawkbit-updater'] : [])],
    ...(delivery === 'hawkbit' ? { accountOf: updaterAccount } : {}),

    async install(device, { url, account }, limits) {
      if (account !== undefined) {
        await installByUpdater(device, { account, streamed: bundle === 'verity' }, limits);
        return;
      }
      const address = quote(url);
      const file = `${folder}/bundle.raucb`;
      if (bundle === 'plain')
        await agentCommand(device, 'update', `mkdir -p ${folder} && wget -q -O ${file} ${address}`, limits);
      await agentCommand(device, 'install', `rauc install ${bundle === 'plain' ? file : address}`, limits);
    },

    async activate(device, limits) {
      const { booted, primary } = await readStatus(device, limits);
      if (primary !== undefined && primary !== booted) return;
      await agentCommand(device, 'activate', 'rauc status mark-active other', limits);
    },

    async confirm(device, limits) {
      await agentCommand(device, 'confirm', 'rauc status mark-good', limits);
    },

    status: readStatus,

    async knowsFallback(device, limits) {
      const { booted, slots } = await askStatus(device, limits);
      return slots
        .flatMap((slot) => Object.values(slot))
        .some(({ bootname, boot_status: said }) => bootname !== booted && said === 'bad');
    },

    async confirmed(device, limits) {
      const { booted, slots } = await askStatus(device, limits);
      const running = slots
        .flatMap((slot) => Object.values(slot))
        .find(({ bootname }) => bootname === booted);
      const said = running?.boot_status ?? 'nothing';
      return said === 'good' ? undefined : `boot status of slot ${booted ?? 'nowhere'}: ${said.slice(0, 40)}`;
    },

    async rollback(device, limits) {
      await agentCommand(device, 'rollback', 'rauc status mark-active other', limits);
    },
  }),
});

async function readStatus(device: Shell, limits: AgentLimits): Promise<AgentStatus> {
  const status = await askStatus(device, limits);
  const bootnames = new Map(
    status.slots.flatMap((slot) => Object.entries(slot)).map(([name, slot]) => [name, slot.bootname]),
  );
  return {
    booted: status.booted ?? undefined,
    primary: bootnames.get(status.boot_primary ?? '') ?? undefined,
  };
}

async function askStatus(device: Shell, limits: AgentLimits): Promise<z.output<typeof statusSchema>> {
  const text = await agentCommand(device, 'status', 'rauc status --output-format=json', limits);
  try {
    return statusSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new DeviceFailure(
      'status-failed',
      `rauc status printed something else than its JSON: ${text.slice(0, 200)}`,
      {
        cause: error,
      },
    );
  }
}
