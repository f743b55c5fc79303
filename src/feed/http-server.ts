import { realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import send from 'send';
import { HarnessError, messageOf } from '../core/errors.ts';
import { hostSeenByGuest } from '../model/guest-network.ts';
import { FaultPlan, type FeedFault } from './faults.ts';
import { answerFaulty } from './faulty-answer.ts';
import { type Lookup, lookupBelow } from './lookup.ts';

export interface ServeOptions {
  /** Told of each request and its outcome. */
  onNotice: (message: string) => void;
  /** Told of a file that is to be served but cannot be read: the client is not to blame for what follows. */
  onFault?: (message: string) => void;
  /** Default: any free port. */
  port?: number;
  /** Connections at once; further ones are closed. Default: as many as come. */
  maxConnections?: number;
  /** Milliseconds that a client may take for what it asks, its body included; then it is told 408. Default: five minutes. */
  patienceMs?: number;
  /** Has each request first; says whether it has answered it. */
  first?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

/** Faults that a server has; disposing of it lifts them for requests that come from then on. */
interface FaultsInForce extends Disposable {
  /** Answers that they have changed so far. */
  readonly met: number;
}

/** A listening HTTP server on loopback; disposing of it closes all connections at once. */
export interface FeedServer extends AsyncDisposable {
  readonly port: number;
  /** The URL of a path for programs on the host. */
  hostUrl(path: string): string;
  /** The URL of a path for a guest on QEMU's user networking. */
  guestUrl(path: string): string;
  /** Makes these things go wrong, in place of earlier faults. */
  misbehave(faults: readonly FeedFault[]): FaultsInForce;
}

/**
 * Serves the regular files below `root`, with ranges. A path that leads out of it, also by a symlink, does
 * not exist. Throws HarnessError `port-taken` or `feed-failed`.
 */
export async function serveFolder(options: ServeOptions & { root: string }): Promise<FeedServer> {
  return serve(options, await lookupBelow(options.root));
}

/**
 * Serves single files: URL path (`/bundle.raucb` or `bundle.raucb`) → absolute path. The map is looked up
 * at each request, so files may be added later. Throws HarnessError `port-taken` or `feed-failed`.
 */
export function serveFiles(
  options: ServeOptions & { files: ReadonlyMap<string, string> },
): Promise<FeedServer> {
  const { files, onFault } = options;
  return serve(options, async (path) => {
    const file = files.get(path) ?? files.get(path.slice(1));
    if (file === undefined) return undefined;
    return realpath(file).catch((error: unknown) => {
      onFault?.(`http: cannot serve ${path}: ${messageOf(error)}`);
      return undefined;
    });
  });
}

/** As Node.js has them by itself: guests are slow, and each of the connections that there may be costs next to nothing. */
const usualPatienceMs = 300_000;
const headPatienceMs = 60_000;
const mostLookMs = 30_000;

/** Answers nothing. */
const nobody = () => Promise.resolve(false);

async function serve(
  {
    onNotice,
    onFault = () => undefined,
    port = 0,
    maxConnections,
    patienceMs = usualPatienceMs,
    first = nobody,
  }: ServeOptions,
  lookup: Lookup,
): Promise<FeedServer> {
  const healthy = new FaultPlan([]);
  let present = healthy;
  const patience = {
    requestTimeout: patienceMs,
    headersTimeout: Math.min(headPatienceMs, patienceMs),
    connectionsCheckingInterval: Math.min(mostLookMs, patienceMs),
  };
  const server = createServer(patience, (request, response) => {
    logOutcome(request, response, onNotice);
    first(request, response)
      .then((answered) =>
        answered ? undefined : answer(request, response, { lookup, plan: present, onFault }),
      )
      .catch((error: unknown) => {
        // A client that goes away while it is heard out is not the server's trouble.
        if (!request.errored) onFault(`http: ${requestLine(request)} failed: ${messageOf(error)}`);
        response.destroy();
      });
  });
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  server.on('clientError', (error, socket) => {
    onNotice(`http: client dropped: ${messageOf(error)}`);
    const isLate = (error as NodeJS.ErrnoException).code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const status = isLate ? '408 Request Timeout' : '400 Bad Request';
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
  await listen(server, port);
  const actual = (server.address() as AddressInfo).port;
  const url = (host: string, path: string) => {
    const whole = new URL(`http://${host}:${actual}/`);
    whole.pathname = path;
    return whole.href;
  };
  return {
    port: actual,
    hostUrl: (path) => url('127.0.0.1', path),
    guestUrl: (path) => url(hostSeenByGuest, path),
    misbehave(faults) {
      const plan = new FaultPlan(faults);
      present = plan;
      return {
        get met() {
          return plan.met;
        },
        [Symbol.dispose]() {
          if (present === plan) present = healthy;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { lookup, plan, onFault }: { lookup: Lookup; plan: FaultPlan; onFault: (message: string) => void },
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(response.setHeader('Allow', 'GET, HEAD'), 405);
    return;
  }
  const path = decodePath(request.url ?? '');
  if (path === undefined) {
    refuse(response, 400);
    return;
  }
  const effect = plan.take(path);
  const asked = effect.kind === 'elsewhere' ? effect.path : path;
  const file = effect.kind === 'missing' ? undefined : await lookup(asked);
  if (file === undefined || path.endsWith('/') || !(await stat(file)).isFile()) {
    refuse(response, 404);
    return;
  }
  if (effect.kind === 'body')
    return answerFaulty(file, effect.fault, request, response, () => {
      plan.meet(effect.fault);
    });
  const name = encodeURIComponent(basename(file));
  send(request, `/${name}`, { root: dirname(file), index: false, dotfiles: 'allow', cacheControl: false })
    .on('error', (error: Error & { status?: number }) => {
      // A range beyond the end, or a condition that does not hold, is the client's doing.
      if (error.status === undefined || error.status >= 500) onFault(`http: ${path}: ${error.message}`);
      refuse(response, error.status ?? 500);
    })
    .pipe(response);
}

/** The path of a request without its query, percent-decoded and with `.` and `..` resolved; undefined where it is malformed. */
function decodePath(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '');
    return path.startsWith('/') && !path.includes('\0') ? join('/', path) : undefined;
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.setHeader('Content-Length', 0);
  response.end();
}

function logOutcome(
  request: IncomingMessage,
  response: ServerResponse,
  onNotice: (message: string) => void,
): void {
  response.on('close', () => {
    const range =
      request.headers.range === undefined ? '' : ` (${JSON.stringify(request.headers.range.slice(0, 100))})`;
    const outcome = response.writableFinished ? `${response.statusCode}` : 'connection lost';
    onNotice(`http: ${requestLine(request)}${range}: ${outcome}`);
  });
}

/** Method and path as one short, printable text: the guest chooses them. */
function requestLine({ method, url }: IncomingMessage): string {
  return `${method ?? ''} ${JSON.stringify((url ?? '').slice(0, 300)).slice(1, -1)}`;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const message = taken
        ? `port ${port} is taken by another program`
        : `cannot listen on port ${port}: ${error.message}`;
      reject(new HarnessError(taken ? 'port-taken' : 'feed-failed', message, { cause: error }));
    });
    server.listen(port, '127.0.0.1', () => done());
  });
}
