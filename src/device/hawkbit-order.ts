import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { AgentSource, ServerAccount } from '../agents/agent.ts';
import type { Shell } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure, HarnessError } from '../core/errors.ts';
import type { Action } from '../hawkbit/controller.ts';
import type { Artifact, Offer } from '../hawkbit/messages.ts';
import type { ImageManifest } from '../model/image.ts';
import { type Upgrade, upgradeName } from '../model/upgrade.ts';
import { bundlePath } from './deliver-bundle.ts';
import type { RunContext } from './run-context.ts';

/**
 * Has the hawkBit server order a device to install a release: each order is for a name of its own, which the agent gives
 * the device. Undefined where no server gives orders to the scenario's agent.
 */
export async function orderOf(
  {
    agent,
    feed,
    manifest,
  }: Pick<RunContext, 'agent' | 'feed'> & {
    manifest: Pick<ImageManifest, 'releases'>;
  },
  upgrade: Upgrade,
): Promise<ServerAccount | undefined> {
  if (!('by' in agent.source)) return undefined;
  const offer = await offerFor(agent.source, manifest, upgrade.to);
  const file = fileOf(agent.source, manifest, upgrade.to);
  const wanted = upgradeName(upgrade).replace('->', '-to-');
  const { id, token, tenant, controller, action } = await feed.hawkbit.order(wanted, offer, file);
  return {
    url: feed.guestUrl('/').replace(/\/$/, ''),
    ...{ tenant, id, token },
    ...(offer.part === undefined ? {} : { module: offer.name }),
    installed: async (says, signal) => {
      const isInstalled = () => action.history.some(({ details }) => details.includes(says));
      await controller.until(() => isInstalled() || action.state !== 'running', signal);
      return isInstalled() ? undefined : saidLast(action);
    },
    heard: () => {
      if (action.history.length > 0) return `it said last to the server: ${saidLast(action)}`;
      return controller.polls === 0
        ? `the device has never come to the server as ${id}`
        : `the device has asked the server ${controller.polls} times, and said nothing of the order`;
    },
  };
}

/** Where the host has what a device is given of a release, where that is one file. */
function fileOf(
  source: AgentSource,
  { releases }: Pick<ImageManifest, 'releases'>,
  version: string,
): string | undefined {
  return source.kind === 'bundle' ? releases[version]?.bundles[source.format]?.path : undefined;
}

/** What the server offers of a release. Throws HarnessError `image-incomplete`. */
async function offerFor(
  source: Extract<AgentSource, { by?: 'hawkbit' }>,
  { releases }: Pick<ImageManifest, 'releases'>,
  version: string,
): Promise<Offer> {
  if (source.kind === 'repository') {
    const found = releases[version]?.module;
    if (found === undefined)
      throw new HarnessError('image-incomplete', `release ${version} has no commit that could be ordered`);
    const { part, name, metadata } = found;
    return { part, name, version, metadata };
  }
  const { format } = source;
  const file = releases[version]?.bundles[format];
  if (file === undefined)
    throw new HarnessError('image-incomplete', `release ${version} has no ${format} bundle`);
  const artifact: Artifact = {
    filename: `${version}.${format}`,
    path: bundlePath(version, format),
    bytes: file.bytes,
    hashes: {
      sha1: await hashOf('sha1', file.path),
      md5: await hashOf('md5', file.path),
      sha256: file.sha256,
    },
  };
  return { name: 'system', version, artifact };
}

/**
 * The device must have told the server that what it was ordered to install has failed: as long as it has not, it is given
 * the order again. Throws DeviceFailure `server-misled`.
 */
export async function assertOrderFailed(
  { agent, feed, signal }: Pick<RunContext, 'agent' | 'feed' | 'signal'>,
  device: Shell,
  ordered: string,
): Promise<void> {
  const id = await agent.accountOf?.(device, { deadline: Deadline.after(120_000), signal });
  const action = id === undefined ? undefined : await feed.hawkbit.lastOrder(id);
  if (action === undefined || action.offer.version !== ordered || action.state === 'error') return;
  throw new DeviceFailure(
    'server-misled',
    `${ordered} has failed, and for the server the order is ${action.state}; the device said last: ${saidLast(action)}`,
  );
}

/**
 * Holds what a device has told the server against what it is: one that runs the release that it was ordered to install,
 * confirmed, must have closed the order with success, unless the server `isDeaf` to it, and no other may have. Throws DeviceFailure `server-misled`.
 */
export async function assertServerKnows(
  { agent, feed, signal }: Pick<RunContext, 'agent' | 'feed' | 'signal'>,
  device: Shell,
  { ordered, runs, isDeaf = false }: { ordered: string; runs: string; isDeaf?: boolean },
): Promise<void> {
  const id = await agent.accountOf?.(device, { deadline: Deadline.after(120_000), signal });
  const action = id === undefined ? undefined : await feed.hawkbit.lastOrder(id);
  if (action === undefined || action.offer.version !== ordered) return;
  const told =
    action.state === 'finished' ? 'success' : action.state === 'error' ? 'failure' : 'nothing final';
  if (isDeaf && told === 'nothing final') return;
  if ((told === 'success') === (runs === ordered)) return;
  throw new DeviceFailure(
    'server-misled',
    `the server was told ${told} about ${ordered}, and the device runs ${runs}; it said last: ${saidLast(action)}`,
  );
}

function saidLast({ history }: Action): string {
  const last = history.at(-1);
  if (last === undefined) return 'nothing';
  const { execution, result, details } = last;
  return `${execution}/${result.finished} ${details.slice(-3).join(' ')}`.trim().slice(0, 600);
}

async function hashOf(name: 'sha1' | 'md5', path: string): Promise<string> {
  const hash = createHash(name);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
