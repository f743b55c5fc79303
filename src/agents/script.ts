import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { AgentSpec } from '../model/scenario.ts';
import type { UpdateAgent } from './agent.ts';
import { agentCommand } from './command.ts';

/**
 * An updater written in the scenario itself: its commands run in the guest's shell; `install` finds the bundle's
 * address in BUNDLE_URL. Without `confirm`, confirming does nothing.
 */
export function script(spec: Extract<AgentSpec, { name: 'script' }>): UpdateAgent {
  return {
    async install(device, { url }, limits) {
      await agentCommand(device, 'install', `export BUNDLE_URL=${quote(url)}\n${spec.install}`, limits);
    },
    async activate() {
      // The install command leaves the next boot as it wants it.
    },
    async confirm(device, limits) {
      if (spec.confirm !== undefined) await agentCommand(device, 'confirm', spec.confirm, limits);
    },
    status: () => Promise.resolve({ booted: undefined, primary: undefined }),
    async rollback(device, limits) {
      if (spec.rollback === undefined)
        throw new DeviceFailure('rollback-failed', 'the scenario gives its updater no rollback command');
      await agentCommand(device, 'rollback', spec.rollback, limits);
    },
  };
}
