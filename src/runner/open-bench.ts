import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LimitFunction } from 'p-limit';
import { agentFor } from '../agents/index.ts';
import type { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { type FeedServer, serveFiles } from '../feed/http-server.ts';
import type { ImageManifest, PackageContents } from '../model/image.ts';
import { shippedBy } from '../oracle/packages.ts';
import { type Bench, bundlePath, feedPath } from './bench.ts';

/** What a bench is made from; `workspace` is the invocation's, `timings` is added to. */
export interface BenchRequest
  extends Pick<
    Bench,
    | 'runId'
    | 'scenario'
    | 'machine'
    | 'manifest'
    | 'accelerator'
    | 'folder'
    | 'sshPort'
    | 'signal'
    | 'emit'
    | 'notice'
  > {
  workspace: string;
  vm: LimitFunction;
  seed: string;
  timings: Record<string, number>;
}

/** Serves the bundles and gathers everything that one scenario on one machine works with. */
export async function openBench(request: BenchRequest, stack: CleanupStack): Promise<Bench> {
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
    agent: agentFor(scenario.agent),
    contents,
    shipped: (release) => shippedBy(contents?.get(release)),
    feed: await serveReleases(manifest, (reason) => stopping.abort(reason), stack),
    random: new Random(seed),
    signal: AbortSignal.any([request.signal, stopping.signal]),
    stop: (reason) => stopping.abort(reason),
    spend: (what, seconds) => {
      timings[what] = (timings[what] ?? 0) + seconds;
    },
  };
}

/** A server with the bundles and feeds of all releases. A file that it cannot read ends the run by `stop`. */
export async function serveReleases(
  manifest: ImageManifest,
  stop: Bench['stop'],
  stack: CleanupStack,
): Promise<FeedServer> {
  const server = await serveFiles({
    files: servedFiles(manifest),
    onNotice: () => undefined,
    onFault: (message) => stop(new HarnessError('feed-failed', message)),
  });
  return stack.use('bundle server', server);
}

function servedFiles(manifest: ImageManifest): Map<string, string> {
  return new Map(
    Object.values(manifest.releases).flatMap(({ version, bundles, feed = {} }) => [
      ...Object.entries(bundles).map(([format, { path }]) => [bundlePath(version, format), path] as const),
      ...Object.entries(feed).map(([name, { path }]) => [`${feedPath(version)}/${name}`, path] as const),
    ]),
  );
}

async function releaseContents({ releases }: ImageManifest): Promise<Bench['contents']> {
  const found = new Map<string, PackageContents[]>();
  for (const { version, content } of Object.values(releases))
    if (content.kind === 'packages')
      found.set(version, JSON.parse(await readFile(content.list.path, 'utf8')) as PackageContents[]);
  return found.size === 0 ? undefined : found;
}
