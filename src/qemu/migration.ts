import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { withDeadline } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';
import { GiveUp, waitFor } from '../core/wait.ts';
import type { QmpClient, QmpLimits } from './qmp.ts';

/** Pause between two looks at QEMU's state. */
const pollMs = 5;
/** More than any host copies in a second: a guest that stands still is saved as fast as it can be. */
const bytesPerSecond = 2 ** 36;

/** Where a machine's state goes. */
export interface SaveTarget {
  /** A free path for a unix socket. */
  socketPath: string;
  /** The file that receives the state. */
  path: string;
}

/** Waits until the guest stands still because a read of its disk failed (`rerror=stop`). */
export async function untilHeld(qmp: QmpClient, limits: QmpLimits): Promise<void> {
  await untilStatus(qmp, 'QEMU’s stop', (status) => status === 'io-error', limits);
}

/** Waits until QEMU has loaded the state that it was started with. */
export async function untilLoaded(qmp: QmpClient, limits: QmpLimits): Promise<void> {
  await untilStatus(qmp, 'the loading of a snapshot', (status) => status !== 'inmigrate', limits);
}

/** Lets the guest run (on); requests that failed while it was held are made again. */
export async function letRun(qmp: QmpClient, limits: QmpLimits): Promise<void> {
  await qmp.execute('cont', {}, limits);
}

/**
 * Writes the state of a machine that stands still to a file, by QEMU's migration; the machine can go on afterwards.
 * QEMU flushes its disks on the way. Errors: HarnessError `snapshot-failed`, those of the file, those of QmpClient.
 */
export async function saveState(qmp: QmpClient, target: SaveTarget, limits: QmpLimits): Promise<void> {
  const server = createServer();
  let peer: Socket | undefined;
  try {
    await listen(server, target.socketPath);
    const received = new Promise<void>((resolve, reject) => {
      server.once('connection', (socket) => {
        peer = socket;
        pipeline(socket, createWriteStream(target.path)).then(resolve, reject);
      });
    });
    received.catch(() => undefined); // looked at below, unless QEMU fails first
    await qmp.execute('migrate-set-parameters', { 'max-bandwidth': bytesPerSecond }, limits);
    await qmp.execute('migrate', { uri: `unix:${target.socketPath}` }, limits);
    await untilSaved(qmp, limits);
    await withDeadline('writing a snapshot', limits.deadline, limits.signal, () => received);
  } finally {
    peer?.destroy();
    server.close();
    await rm(target.socketPath, { force: true });
  }
}

async function untilSaved(qmp: QmpClient, limits: QmpLimits): Promise<void> {
  await look('the saving of a snapshot', limits, async () => {
    const answer = await qmp.execute('query-migrate', {}, limits);
    const status = field(answer, 'status');
    if (status === 'failed' || status === 'cancelled') {
      const why = field(answer, 'error-desc');
      const said = typeof why === 'string' ? why : status;
      throw new HarnessError('snapshot-failed', `QEMU could not save its state: ${said}`);
    }
    return status === 'completed';
  });
}

async function untilStatus(
  qmp: QmpClient,
  what: string,
  is: (status: unknown) => boolean,
  limits: QmpLimits,
): Promise<void> {
  await look(what, limits, async () => is(field(await qmp.execute('query-status', {}, limits), 'status')));
}

/** Looks until `probe` says yes; its errors are not tried again. */
async function look(what: string, limits: QmpLimits, probe: () => Promise<boolean>): Promise<void> {
  const once = async () => {
    try {
      return (await probe()) ? true : undefined;
    } catch (error) {
      throw error instanceof Error ? new GiveUp(error) : error;
    }
  };
  await waitFor(what, once, { ...limits, intervalMs: pollMs });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

function field(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null && name in answer
    ? (answer as Record<string, unknown>)[name]
    : undefined;
}
