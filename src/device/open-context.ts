import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { agentFor } from '../agents/index.ts';
import type { CleanupStack } from '../core/cleanup.ts';
import { sha256 } from '../core/digest.ts';
import { HarnessError } from '../core/errors.ts';
import type { Limit } from '../core/limit.ts';
import { Random } from '../core/random.ts';
import { type FeedServer, serveFiles } from '../feed/http-server.ts';
import { readPackageList } from '../image/package-list.ts';
import type { ImageManifest, PackageContents } from '../model/image.ts';
import { shippedBy } from '../oracle/packages.ts';
import { createTarget } from '../target/target.ts';
import { bundlePath } from './deliver-bundle.ts';
import { feedPath } from './deliver-feed.ts';
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
    | 'folder'
    | 'sshPort'
    | 'diskBudget'
    | 'signal'
    | 'emit'
    | 'notice'
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
  const workspace = join(request.workspace, runId);
  await mkdir(workspace, { recursive: true });
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
    feed: await serveReleases(
      manifest,
      (reason) => stopping.abort(reason),
      stack,
      usualPort(scenario.name, manifest),
    ),
    random: new Random(seed),
    signal: AbortSignal.any([request.signal, stopping.signal]),
    stop: (reason) => stopping.abort(reason),
    spend: (what, seconds) => {
      timings[what] = (timings[what] ?? 0) + seconds;
    },
  };
}

/** More than any update agent opens; each is a process of the host besides (qemu/relay.ts). */
const maxConnections = 32;

/** A server with the bundles and feeds of all releases. A file that it cannot read ends the run by `stop`. */
export async function serveReleases(
  manifest: ImageManifest,
  stop: RunContext['stop'],
  stack: CleanupStack,
  port?: number,
): Promise<FeedServer> {
  const options = {
    files: servedFiles(manifest),
    onNotice: () => undefined,
    onFault: (message: string) => stop(new HarnessError('feed-failed', message)),
    maxConnections,
  };
  const server = await serveFiles({ ...options, ...(port === undefined ? {} : { port }) }).catch(
    (error: unknown) => {
      if (!(error instanceof HarnessError && error.code === 'port-taken')) throw error;
      return serveFiles(options);
    },
  );
  return stack.use('bundle server', server);
}

/**
 * The port of a scenario on an image, below those that the host gives out, and the same at each run where nobody else
 * has it: what a device keeps by a feed's address, as opkg does its downloads, is then found again by replays and by
 * runs that take a recording of an earlier one.
 */
function usualPort(scenario: string, { name, machine }: ImageManifest): number {
  return 20_000 + (Number.parseInt(sha256(`${scenario}\n${name}\n${machine}`).slice(0, 8), 16) % 10_000);
}

function servedFiles(manifest: ImageManifest): Map<string, string> {
  return new Map(
    Object.values(manifest.releases).flatMap(({ version, bundles, feed = {} }) => [
      ...Object.entries(bundles).map(([format, { path }]) => [bundlePath(version, format), path] as const),
      ...Object.entries(feed).map(([name, { path }]) => [`${feedPath(version)}/${name}`, path] as const),
    ]),
  );
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
