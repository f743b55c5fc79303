import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { AgentLimits } from './agent.ts';
import { agentCommand } from './command.ts';
import { defineAgent } from './define-agent.ts';
import { kernelOnStreamedBundle } from './rauc.ts';

/**
 * SystemOTA's boot protocol by the image's own `sysota`, with RAUC as the installer. RAUC's post-install handler reboots the
 * device into the new slot, which is tried once (Try). Who finds that it works has it kept (Commit); where the boot loader has
 * gone back, what is left of the try is cleared away (Rollback). The protocol's way to the release before is to try it.
 */
export const systemota = defineAgent({
  name: 'systemota',
  settings: z.strictObject({}),
  source: () => ({ kind: 'bundle', format: 'verity' }),
  needs: () => ['rauc', 'sysota'],
  abilities: () => [
    'slots',
    'stream',
    'verified',
    'dates',
    'bootCount',
    'triesOnce',
    'pendingGuard',
    'rollback',
  ],
  create: () => ({
    reboots: 'itself',
    programs: ['rauc'],
    kernelOnSource: kernelOnStreamedBundle,

    async install(device, { url }, limits) {
      await agentCommand(device, 'install', `rauc install ${quote(url)}`, limits);
    },

    async activate() {
      // RAUC's boot-loader backend has set what is to be tried, and the device reboots by itself.
    },

    async confirm(device, limits) {
      const { running, tried } = await query(device, limits);
      if (tried === '') return;
      await agentCommand(device, 'confirm', tried === running ? 'sysota commit' : 'sysota rollback', limits);
    },

    async status(device, limits) {
      const { running, active, next } = await query(device, limits);
      return { booted: running, primary: next === '' ? active : next };
    },

    async confirmed(device, limits) {
      const { running, active, tried } = await query(device, limits);
      if (active !== running) return `slot ${running} runs, and slot ${active} is the active one`;
      return tried === '' ? undefined : `slot ${tried} is still noted as tried`;
    },

    async rollback(device, limits) {
      await agentCommand(device, 'rollback', 'sysota try', limits);
    },

    async knowsFallback(device, limits) {
      const { running, tried } = await query(device, limits);
      return tried !== '' && tried !== running;
    },
  }),
});

/** Names of slots; `next` is the one to be tried. Empty where there is none. */
interface Query {
  running: string;
  active: string;
  next: string;
  tried: string;
}

const slotName = '([A-Z]?)';
const answer = new RegExp(`^running=${slotName}\nactive=${slotName}\ntry=${slotName}\ntried=${slotName}\n$`);

/** Throws DeviceFailure `status-failed`. */
async function query(device: Shell, limits: AgentLimits): Promise<Query> {
  const text = await agentCommand(device, 'status', 'sysota query', limits);
  const [, running, active, next, tried] = answer.exec(text) ?? [];
  if (running === undefined || active === undefined || next === undefined || tried === undefined)
    throw new DeviceFailure('status-failed', `sysota query printed something else: ${text.slice(0, 200)}`);
  return { running, active, next, tried };
}
