import type { Shell } from '../core/ask.ts';
import type { AgentLimits, ServerAccount } from './agent.ts';
import { type Client, installAsOrdered } from './as-ordered.ts';
import { agentCommand } from './command.ts';

const accountFile = '/var/lib/rauc-hawkbit-updater.conf';
const log = '/run/brownout/rauc-hawkbit-updater.log';

/**
 * Has rauc-hawkbit-updater 1.4 install what the server orders, by RAUC's service. Where the bundle is `streamed` it hands
 * its address to RAUC, or else it downloads the bundle first. It closes the order as soon as RAUC has written the slot
 * (its src/hawkbit-client.c, install_complete_cb).
 */
export async function installByUpdater(
  device: Shell,
  { account, streamed }: { account: ServerAccount; streamed: boolean },
  limits: AgentLimits,
): Promise<void> {
  const client: Client = {
    accountFile,
    accountText: configurationOf(account, streamed),
    start: `rauc-hawkbit-updater -c ${accountFile} >${log} 2>&1`,
    process: 'rauc-hawkbit-updater',
    says: 'Software bundle installed successfully.',
  };
  await installAsOrdered(device, { account, client }, limits);
}

/** The name by which the device talks to the server; undefined before its first order. */
export async function updaterAccount(device: Shell, limits: AgentLimits): Promise<string | undefined> {
  const text = await agentCommand(device, 'status', `cat ${accountFile} 2>/dev/null || true`, limits);
  return /^target_name=(\S+)$/m.exec(text)?.[1];
}

/** Its configuration file (docs/reference.rst): a GLib key file with two groups. Times are in seconds. */
function configurationOf({ url, tenant, id, token }: ServerAccount, streamed: boolean): string {
  const client = {
    hawkbit_server: url.replace(/^http:\/\//, ''),
    ssl: false,
    tenant_id: tenant,
    target_name: id,
    auth_token: token,
    ...(streamed ? { stream_bundle: true } : { bundle_download_location: '/run/brownout/bundle.raucb' }),
    retry_wait: 5,
    log_level: 'info',
  };
  const lines = Object.entries(client).map(([key, value]) => `${key}=${value}\n`);
  return `[client]\n${lines.join('')}[device]\nproduct=brownout\n`;
}
