import { connect, type Socket } from 'node:net';
import { type Deadline, withDeadline } from '../core/deadline.ts';
import { HarnessError } from '../core/errors.ts';
import { waitFor } from '../core/wait.ts';

/** Bytes that one QMP message may have; QEMU's own answers to what is asked here stay far below. */
const messageLimit = 4 << 20;

/** Something that QEMU reports unasked: `SHUTDOWN` with `{ guest: true, reason: 'guest-reset' }`. */
export interface QmpEvent {
  event: string;
  data: Record<string, unknown>;
}

/** Limits of one exchange. */
export interface QmpLimits {
  deadline: Deadline;
  signal?: AbortSignal | undefined;
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * QEMU's control connection (docs/interop/qmp-spec of QEMU): one JSON object a line over a unix socket.
 * Errors: HarnessError `qmp-connect`, `qmp-closed`, `qmp-protocol`, `qmp-refused`; DeadlinePassed.
 */
export class QmpClient implements AsyncDisposable {
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  private readonly socket: Socket;
  private readonly listeners = new Set<(event: QmpEvent) => void>();
  private readonly pending = new Map<number, Pending>();
  private greeted: Pending | undefined;
  private chunks: Buffer[] = [];
  private held = 0;
  private nextId = 1;
  private failure: HarnessError | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', (error) =>
      this.fail(new HarnessError('qmp-closed', 'QEMU’s control connection broke', { cause: error })),
    );
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.fail(new HarnessError('qmp-closed', 'QEMU closed its control connection'));
        resolve();
      });
    });
  }

  /** Connects as soon as QEMU has made the socket, and leaves negotiation mode. */
  static async connect(socketPath: string, { deadline, signal }: QmpLimits): Promise<QmpClient> {
    const socket = await waitFor('QEMU’s control socket', (inner) => open(socketPath, inner), {
      deadline,
      signal,
      intervalMs: 20,
    });
    const client = new QmpClient(socket);
    try {
      await withDeadline('QEMU’s greeting', deadline, signal, () => client.greeting());
      await client.execute('qmp_capabilities', {}, { deadline, signal });
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Runs a command and returns its `return` value. */
  async execute(
    command: string,
    args: Record<string, unknown>,
    { deadline, signal }: QmpLimits,
  ): Promise<unknown> {
    const id = this.nextId++;
    try {
      return await withDeadline(`QMP ${command}`, deadline, signal, () => {
        if (this.failure !== undefined) return Promise.reject(this.failure);
        return new Promise<unknown>((resolve, reject) => {
          this.pending.set(id, { resolve, reject });
          this.socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
        });
      });
    } finally {
      this.pending.delete(id);
    }
  }

  /** Calls `listener` for every event from now on; returns how to stop that. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  private greeting(): Promise<unknown> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.greeted = { resolve, reject };
    });
  }

  private take(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...this.chunks, rest.subarray(0, end)]);
      this.chunks = [];
      this.held = 0;
      rest = rest.subarray(end + 1);
      if (line.toString('latin1').trim() !== '') this.dispatch(line);
      if (this.failure !== undefined) return;
    }
    this.chunks.push(rest);
    this.held += rest.length;
    if (this.held > messageLimit) this.refuse(`a message is longer than ${messageLimit} bytes`);
  }

  private dispatch(line: Buffer): void {
    const message = parseObject(line);
    if (message === undefined) {
      this.refuse('a line is not a JSON object');
      return;
    }
    if ('QMP' in message) return this.greeted?.resolve(message['QMP']);
    if (typeof message['event'] === 'string') {
      const event = { event: message['event'], data: asObject(message['data']) ?? {} };
      for (const listener of this.listeners) listener(event);
      return;
    }
    const waiting = this.pending.get(message['id'] as number);
    if ('return' in message) return waiting?.resolve(message['return']);
    const error = asObject(message['error']);
    const said = error === undefined ? 'an answer has neither return nor error' : String(error['desc']);
    waiting?.reject(new HarnessError('qmp-refused', `QEMU refused a command: ${said}`));
  }

  private refuse(why: string): void {
    this.fail(new HarnessError('qmp-protocol', `QEMU’s control connection: ${why}`));
    this.socket.destroy();
  }

  private fail(error: HarnessError): void {
    this.failure ??= error;
    this.greeted?.reject(this.failure);
    for (const waiting of this.pending.values()) waiting.reject(this.failure);
    this.pending.clear();
  }
}

function open(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const stop = () => socket.destroy(signal.reason as Error);
    const settle = () => {
      signal.removeEventListener('abort', stop);
      socket.off('error', fail);
    };
    const fail = (error: Error) => {
      settle();
      reject(error);
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

function parseObject(line: Buffer): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(line.toString('utf8')));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
