import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import { ConnectionLost } from './errors.ts';

/** A finished command's output, as bytes. */
export interface RawOutput {
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
  truncated: boolean;
}

interface Collecting {
  input: string | Uint8Array | undefined;
  /** Bytes kept of each stream. */
  limit: number;
  /** Ends the command and the collecting. */
  signal: AbortSignal;
}

/** Feeds a command and gathers its output until it ends. A channel that closes without an exit status is lost. */
export function collectOutput(
  channel: ClientChannel,
  { input, limit, signal }: Collecting,
): Promise<RawOutput> {
  return new Promise((resolve, reject) => {
    const stdout = new BoundedBuffer(limit);
    const stderr = new BoundedBuffer(limit);
    let exitCode: number | undefined;
    channel.on('data', (chunk: Buffer) => stdout.push(chunk));
    channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    channel.on('exit', (code: number | null, signalName?: string) => {
      exitCode = code ?? 128 + signalNumber(signalName);
    });
    channel.on('error', (error: Error) =>
      reject(new ConnectionLost(`the command's channel broke: ${error.message}`, { cause: error })),
    );
    channel.on('close', () => {
      if (exitCode === undefined)
        reject(new ConnectionLost('the guest ended the command without an exit status'));
      else
        resolve({
          exitCode,
          stdout: stdout.bytes(),
          stderr: stderr.bytes(),
          truncated: stdout.full || stderr.full,
        });
    });
    const abort = () => {
      channel.signal('KILL');
      channel.close();
      reject(signal.reason as Error);
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    channel.on('close', () => signal.removeEventListener('abort', abort));
    channel.end(input);
  });
}

function signalNumber(name: string | undefined): number {
  const all: Record<string, number | undefined> = constants.signals;
  return all[`SIG${(name ?? '').replace(/^SIG/, '')}`] ?? 0;
}

/** Keeps the first bytes of a stream. */
class BoundedBuffer {
  full = false;
  private readonly chunks: Buffer[] = [];
  private room: number;

  constructor(limit: number) {
    this.room = limit;
  }

  push(chunk: Buffer): void {
    if (chunk.length > this.room) this.full = true;
    const kept = chunk.subarray(0, this.room);
    this.room -= kept.length;
    if (kept.length > 0) this.chunks.push(kept);
  }

  bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}
