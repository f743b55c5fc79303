import { lstat, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { HarnessError, messageOf } from '../core/errors.ts';
import { Connection } from './connection.ts';
import type { Disk } from './disk.ts';

/** Linux keeps a unix socket's path in 108 bytes, the last of them 0 (unix(7)). */
const maxSocketPathBytes = 107;

export interface NbdServerOptions {
  /** At most 107 bytes; a left-over socket nobody listens on is replaced. */
  socketPath: string;
  /** Looked up when a client connects, so disks may be exchanged between boots. */
  exports: ReadonlyMap<string, Disk>;
  /** Told why a client was dropped and which requests a disk failed. */
  onNotice: (message: string) => void;
  /** Told of a client that had to be dropped: it broke the protocol, or this server has a fault. */
  onDropped?: (message: string) => void;
}

/** A listening NBD server; disposing of it cuts all clients off and removes the socket. */
export interface NbdServer extends AsyncDisposable {
  readonly socketPath: string;
  /** Clients connected now. */
  readonly connections: number;
  /**
   * A power cut: closes every connection at once, drops requests that have not reached a disk, and
   * resolves when those that have are settled. The server listens on for the next boot.
   */
  dropAll(): Promise<void>;
}

/**
 * Serves disks over the NBD protocol on a unix socket. Throws HarnessError `nbd-socket-path-too-long`,
 * `nbd-socket-in-use` (somebody listens there, or it is no socket) or `nbd-listen-failed`.
 */
export async function startNbdServer({
  socketPath,
  exports,
  onNotice,
  onDropped = () => undefined,
}: NbdServerOptions): Promise<NbdServer> {
  const length = Buffer.byteLength(socketPath);
  if (length > maxSocketPathBytes) {
    const message = `the socket path ${socketPath} has ${length} bytes; the system's limit is ${maxSocketPathBytes}`;
    throw new HarnessError('nbd-socket-path-too-long', message, { hint: 'use a shorter directory' });
  }
  const clients = new Set<Connection>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const client = new Connection(socket, exports, { onNotice, onDropped });
    clients.add(client);
    socket.on('close', () => void client.finished.then(() => clients.delete(client)));
  });
  await listenReplacingStale(server, socketPath);
  server.on('error', (error) => onNotice(`nbd: cannot accept a client: ${messageOf(error)}`));
  const dropAll = async () => {
    const dropped = [...clients];
    for (const client of dropped) client.cut();
    await Promise.all(dropped.map((client) => client.finished));
    for (const client of dropped) clients.delete(client);
  };
  return {
    socketPath,
    get connections() {
      return clients.size;
    },
    dropAll,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      await dropAll();
      await closed;
    },
  };
}

async function listenReplacingStale(server: Server, path: string): Promise<void> {
  try {
    await listen(server, path);
  } catch (error) {
    if (!isErrno(error, 'EADDRINUSE')) throw listenFailure(path, error);
    if (!(await isStaleSocket(path))) {
      throw new HarnessError('nbd-socket-in-use', `${path} is in use by another program`, { cause: error });
    }
    await rm(path, { force: true });
    try {
      await listen(server, path);
    } catch (again) {
      throw listenFailure(path, again);
    }
  }
}

function listenFailure(path: string, error: unknown): HarnessError {
  return new HarnessError('nbd-listen-failed', `cannot listen on ${path}: ${messageOf(error)}`, {
    cause: error,
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A socket file that refuses connections was left by a process that died. */
async function isStaleSocket(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error) => resolve(isErrno(error, 'ECONNREFUSED')));
  });
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
