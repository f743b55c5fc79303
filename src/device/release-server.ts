import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import { type FeedServer, serveFiles } from '../feed/http-server.ts';
import { DdiServer } from '../hawkbit/server.ts';
import type { ImageManifest } from '../model/image.ts';
import { bundlePath } from './deliver-bundle.ts';
import { feedPath } from './deliver-feed.ts';

/** Where guests find releases, and who orders devices to install them. */
export interface ReleaseServer extends FeedServer {
  readonly hawkbit: DdiServer;
}

/** Seconds between two polls of a device: there is nobody else whom it would burden. */
const pollingSeconds = 2;

/** More than any update agent opens; each is a process of the host besides (qemu/relay.ts). */
const maxConnections = 32;

/** A server with the bundles and feeds of all releases. A file that it cannot read ends the run by `stop`. */
export async function serveReleases(
  manifest: ImageManifest,
  stop: (reason: unknown) => void,
  stack: CleanupStack,
  port?: number,
): Promise<ReleaseServer> {
  const hawkbit = new DdiServer({ polling: pollingSeconds, onNotice: () => undefined });
  const options = {
    files: servedFiles(manifest),
    onNotice: () => undefined,
    first: (request: IncomingMessage, response: ServerResponse) => hawkbit.handle(request, response),
    onFault: (message: string) => stop(new HarnessError('feed-failed', message)),
    maxConnections,
  };
  const server = await serveFiles({ ...options, ...(port === undefined ? {} : { port }) }).catch(
    (error: unknown) => {
      if (!(error instanceof HarnessError && error.code === 'port-taken')) throw error;
      return serveFiles(options);
    },
  );
  stack.use('bundle server', server);
  return Object.assign(server, { hawkbit });
}

function servedFiles(manifest: ImageManifest): Map<string, string> {
  return new Map(
    Object.values(manifest.releases).flatMap(({ version, bundles, feed = {} }) => [
      ...Object.entries(bundles).map(([format, { path }]) => [bundlePath(version, format), path] as const),
      ...Object.entries(feed).map(([name, { path }]) => [`${feedPath(version)}/${name}`, path] as const),
    ]),
  );
}
