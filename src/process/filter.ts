import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HarnessError, messageOf } from '../core/errors.ts';

/** A host command that turns bytes into other bytes, such as a decompressor. */
export interface Filter {
  program: string;
  args: readonly string[];
  /** Set besides this program's own environment. */
  env?: Record<string, string>;
  input: AsyncIterable<Uint8Array>;
  signal?: AbortSignal | undefined;
}

/** As much as is kept of what a filter says on its standard error. */
const mostSaid = 4096;

/**
 * What a host command makes of `input`, as it comes: neither is ever held whole. A caller that stops early ends the
 * command. Throws HarnessError `command-missing`, `command-killed`, or `command-failed` where the command refuses its
 * input; what `input` throws is passed on.
 */
export async function* filter({ program, args, env, input, signal }: Filter): AsyncGenerator<Buffer> {
  signal?.throwIfAborted();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const started = once(child, 'spawn').catch((error: unknown) => startFailure(program, error));
  const closed = new Promise<{ code: number | null; by: string | null }>((done) => {
    child.once('close', (code, by) => done({ code, by }));
  });
  // What goes wrong later ends the command or its output, and that is looked at.
  for (const part of [child, child.stdin, child.stdout, child.stderr]) part.on('error', nothing);
  const stop = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-mostSaid);
  });
  try {
    const failure = await started;
    if (failure instanceof HarnessError) throw failure;
    const source = Readable.from(input);
    const fed = pipeline(source, child.stdin).then(nothing, (error: unknown) => error as Error);
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const { code, by } = await closed;
    signal?.throwIfAborted();
    // A command that ended before it had read all says itself why; EPIPE does not.
    const unfed = await fed;
    if (unfed !== undefined && !isClosedPipe(unfed)) throw unfed;
    if (code === null)
      throw new HarnessError('command-killed', `${program} was ended by ${by ?? 'a signal'}`);
    if (code !== 0) throw new HarnessError('command-failed', said.trim() || `${program} ended with ${code}`);
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

function nothing(): undefined {}

function startFailure(program: string, cause: unknown): HarnessError {
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
    return new HarnessError('command-missing', `${program} is not installed`, {
      hint: 'install it; brownout setup brings what is needed often',
    });
  return new HarnessError('command-failed', `${program} did not start: ${messageOf(cause)}`, { cause });
}

function isClosedPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET';
}
