import { join } from 'node:path';
import { agentFor } from '../agents/index.ts';
import type { CleanupStack } from '../core/cleanup.ts';
import { sha256 } from '../core/digest.ts';
import type { Limit } from '../core/limit.ts';
import { makeFolders } from '../core/make-folders.ts';
import { Random } from '../core/random.ts';
import { readPackageList } from '../image/package-list.ts';
import type { ImageManifest, PackageContents } from '../model/image.ts';
import { shippedBy } from '../oracle/packages.ts';
import { createTarget } from '../target/target.ts';
import { serveReleases } from './release-server.ts';
import type { RunContext } from './run-context.ts';

/** What a context is made from; `workspace` is the invocation's, `timings` is added to. */
export interface RunContextRequest
  extends Pick<
    RunContext,
    | 'runId'
    | 'scenario'
    | 'machine'
    | 'manifest'
    | 'accelerator'
    | 'qemuVersion'
    | 'folder'
    | 'sshPort'
    | 'diskBudget'
    | 'signal'
    | 'emit'
    | 'notice'
    | 'hawkbitAccount'
  > {
  workspace: string;
  vm: Limit;
  seed: string;
  timings: Record<string, number>;
  /** QEMU's where absent. */
  createTarget?: RunContext['createTarget'];
}

/** Serves the bundles and gathers everything that one scenario on one machine works with. */
export async function openRunContext(request: RunContextRequest, stack: CleanupStack): Promise<RunContext> {
  const { seed, timings, manifest, scenario, runId, ...rest } = request;
  const stopping = new AbortController();
  const stop = (reason: unknown) => stopping.abort(reason);
  const signal = AbortSignal.any([request.signal, stopping.signal]);
  const workspace = join(request.workspace, runId);
  await makeFolders(workspace);
  const contents = await releaseContents(manifest);
  return {
    ...rest,
    runId,
    scenario,
    manifest,
    workspace,
    createTarget: request.createTarget ?? createTarget,
    agent: agentFor(scenario.agent),
    contents,
    shipped: (release) => shippedBy(contents?.get(release)),
    feed: await serveReleases({ ...request, stop, signal }, stack, usualPort(scenario.name, manifest)),
    random: new Random(seed),
    ...{ signal, stop },
    spend: (what, seconds) => {
      timings[what] = (timings[what] ?? 0) + seconds;
    },
  };
}

/**
 * The port of a scenario on an image, below those that the host gives out, and the same at each run where nobody else
 * has it: what a device keeps by a feed's address, as opkg does its downloads, is then found again by replays and by
 * runs that take a recording of an earlier one.
 */
function usualPort(scenario: string, { name, machine }: ImageManifest): number {
  return 20_000 + (Number.parseInt(sha256(`${scenario}\n${name}\n${machine}`).slice(0, 8), 16) % 10_000);
}

/**
 * What the feed of each release has; undefined where the image is not upgraded by packages. Throws HarnessError
 * `image-damaged`.
 */
export async function releaseContents({
  releases,
}: Pick<ImageManifest, 'releases'>): Promise<RunContext['contents']> {
  const found = new Map<string, PackageContents[]>();
  for (const { version, content } of Object.values(releases))
    if (content.kind === 'packages') found.set(version, await readPackageList(content.list));
  return found.size === 0 ? undefined : found;
}
