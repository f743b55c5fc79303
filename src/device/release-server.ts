import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CleanupStack } from '../core/cleanup.ts';
import { HarnessError } from '../core/errors.ts';
import { type FeedServer, serveFiles } from '../feed/http-server.ts';
import type { HawkbitServer } from '../hawkbit/hawkbit-server.ts';
import type { ManagementAccount } from '../hawkbit/management.ts';
import { RemoteServer } from '../hawkbit/remote-server.ts';
import { DdiServer } from '../hawkbit/server.ts';
import type { ImageManifest } from '../model/image.ts';
import { bundlePath } from './deliver-bundle.ts';
import { feedPath } from './deliver-feed.ts';

/** Where guests find releases, and who orders devices to install them. */
export interface ReleaseServer extends FeedServer {
  readonly hawkbit: HawkbitServer;
}

/** A hawkBit server that a scenario names, and who we are to it. */
export interface NamedHawkbit extends ManagementAccount {
  tenant: string;
}

/** What a server of releases is made from. */
export interface Serving {
  manifest: ImageManifest;
  /** Ends the run where the server cannot do its part. */
  stop: (reason: unknown) => void;
  notice: (message: string) => void;
  signal: AbortSignal;
  /** Absent: orders are given by the server that is part of this program. */
  hawkbitAccount?: NamedHawkbit | undefined;
}

/** Seconds between two polls of a device: there is nobody else whom it would burden. */
const pollingSeconds = 2;

/** More than any update agent opens; each is a process of the host besides (qemu/relay.ts). */
const maxConnections = 32;

/** A server with the bundles and feeds of all releases. A file that it cannot read ends the run by `stop`. */
export async function serveReleases(
  { manifest, stop, notice, signal, hawkbitAccount }: Serving,
  stack: CleanupStack,
  port?: number,
): Promise<ReleaseServer> {
  const hawkbit =
    hawkbitAccount === undefined
      ? new DdiServer({ polling: pollingSeconds, onNotice: () => undefined })
      : stack.use(
          'hawkBit server',
          new RemoteServer({ ...hawkbitAccount, signal, onFault: stop, onNotice: notice }),
        );
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
