import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { Deadline, DeadlinePassed } from '../core/deadline.ts';
import { sha256 } from '../core/digest.ts';
import { HarnessError } from '../core/errors.ts';
import { GiveUp, waitFor } from '../core/wait.ts';

/** How long a builder waits for another. */
const defaultPatienceMs = 20 * 60_000;

/**
 * Runs `work` while no other process of this machine does the same for `path`. The lock is a bound
 * abstract unix socket (unix(7)), which the kernel frees when its holder dies, however it dies. Throws
 * HarnessError `build-busy` after `patienceMs` of waiting (default: 20 minutes).
 */
export async function exclusively<T>(
  path: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  patienceMs = defaultPatienceMs,
): Promise<T> {
  const name = `\0brownout-${sha256(path).slice(0, 40)}`;
  const lock = await waitFor(`waiting for another process that makes ${path}`, () => bind(name), {
    deadline: Deadline.after(patienceMs),
    signal,
    intervalMs: 200,
  }).catch((error: unknown) => {
    if (!(error instanceof DeadlinePassed)) throw error;
    throw new HarnessError(
      'build-busy',
      `another process has been making ${path} for ${patienceMs / 60_000} minutes`,
      {
        cause: error,
        hint: 'see what it is at, or end it',
      },
    );
  });
  try {
    return await work();
  } finally {
    lock.close();
    await once(lock, 'close');
  }
}

async function bind(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(name);
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw new GiveUp(error as Error);
  }
}
