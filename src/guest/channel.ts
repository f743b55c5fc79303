import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import type { Fence, RawOutput } from '../core/fence.ts';
import { ConnectionLost } from './errors.ts';

interface Collecting {
  input: string | Uint8Array | undefined;
  /** Of the command that was given to the login shell. */
  fence: Fence;
  /** Ends the command and the collecting. */
  signal: AbortSignal;
}

/**
 * Feeds a fenced command and gathers its answer until it ends. A channel that closes without an exit status is lost.
 * Throws as `Fence.output`.
 */
export async function collectOutput(
  channel: ClientChannel,
  { input, fence, signal }: Collecting,
): Promise<RawOutput> {
  const exitCode = await new Promise<number>((resolve, reject) => {
    let exitCode: number | undefined;
    channel.on('data', (chunk: Buffer) => fence.stdout.push(chunk));
    channel.stderr.on('data', (chunk: Buffer) => fence.stderr.push(chunk));
    channel.on('exit', (code: number | null, signalName?: string) => {
      exitCode = code ?? 128 + signalNumber(signalName);
    });
    channel.on('error', (error: Error) =>
      reject(new ConnectionLost(`the command's channel broke: ${error.message}`, { cause: error })),
    );
    channel.on('close', () => {
      if (exitCode === undefined)
        reject(new ConnectionLost('the guest ended the command without an exit status'));
      else resolve(exitCode);
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
  return fence.output(exitCode);
}

function signalNumber(name: string | undefined): number {
  const all: Record<string, number | undefined> = constants.signals;
  return all[`SIG${(name ?? '').replace(/^SIG/, '')}`] ?? 0;
}
