import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LimitFunction } from 'p-limit';
import { agentFor } from '../agents/index.ts';
import type { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { serveFiles } from '../feed/http-server.ts';
import type { ImageManifest } from '../model/image.ts';
import { type Bench, bundlePath } from './bench.ts';

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
  return {
    ...rest,
    runId,
    scenario,
    manifest,
    workspace,
    agent: agentFor(scenario.agent),
    feed: stack.use(
      'bundle server',
      await serveFiles({
        files: bundleFiles(manifest),
        onNotice: () => undefined,
        onFault: (message) => stopping.abort(new HarnessError('feed-failed', message)),
      }),
    ),
    random: new Random(seed),
    signal: AbortSignal.any([request.signal, stopping.signal]),
    stop: (reason) => stopping.abort(reason),
    spend: (what, seconds) => {
      timings[what] = (timings[what] ?? 0) + seconds;
    },
  };
}

function bundleFiles(manifest: ImageManifest): Map<string, string> {
  return new Map(
    Object.values(manifest.releases).flatMap(({ version, bundles }) =>
      Object.entries(bundles).map(([format, file]) => [bundlePath(version, format), file.path] as const),
    ),
  );
}
