import { realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join, resolve, sep } from 'node:path';
import send from 'send';
import { HarnessError, messageOf } from '../core/errors.ts';

/** Where a guest behind QEMU's user networking finds the host (QEMU manual, "Network emulation": `-netdev user`). */
const hostSeenByGuest = '10.0.2.2';

export interface ServeOptions {
  /** Told of each request and its outcome. */
  onNotice: (message: string) => void;
  /** Told of a file that is to be served but cannot be read: the client is not to blame for what follows. */
  onFault?: (message: string) => void;
  /** Default: any free port. */
  port?: number;
}

/** A listening HTTP server on loopback; disposing of it closes all connections at once. */
export interface FeedServer extends AsyncDisposable {
  readonly port: number;
  /** The URL of a path for programs on the host. */
  hostUrl(path: string): string;
  /** The URL of a path for a guest on QEMU's user networking. */
  guestUrl(path: string): string;
}

/** Finds the file for a decoded URL path (`/a/b`); undefined where there is none. */
type Lookup = (path: string) => Promise<string | undefined>;

/**
 * Serves the regular files below `root`, with ranges. A path that leads out of it, also by a symlink, does
 * not exist. Throws HarnessError `port-taken` or `feed-failed`.
 */
export async function serveFolder(options: ServeOptions & { root: string }): Promise<FeedServer> {
  const root = await realRoot(options.root);
  return serve(options, async (path) => {
    const real = await realpath(resolve(root, `.${path}`)).catch(() => undefined);
    return real?.startsWith(root === sep ? sep : `${root}${sep}`) === true ? real : undefined;
  });
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

async function realRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (error) {
    throw new HarnessError('feed-failed', `cannot serve the folder ${root}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function serve(
  { onNotice, onFault = () => undefined, port = 0 }: ServeOptions,
  lookup: Lookup,
): Promise<FeedServer> {
  const server = createServer((request, response) => {
    logOutcome(request, response, onNotice);
    answer(request, response, lookup, onFault).catch((error: unknown) => {
      onFault(`http: ${requestLine(request)} failed: ${messageOf(error)}`);
      response.destroy();
    });
  });
  server.on('clientError', (error, socket) => {
    onNotice(`http: client dropped: ${messageOf(error)}`);
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
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
  lookup: Lookup,
  onFault: (message: string) => void,
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
  const file = await lookup(path);
  if (file === undefined || path.endsWith('/') || !(await stat(file)).isFile()) {
    refuse(response, 404);
    return;
  }
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
