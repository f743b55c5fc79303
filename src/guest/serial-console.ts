import { connect } from 'node:net';
import { systemClock } from '../core/clock.ts';
import type { TerminalInput, TerminalOutput } from './ssh.ts';

/** Ctrl-], as telnet and virsh have it: what ends a session at a console. */
const escape = 0x1d;
/** Between tries to reach a device that is being switched on again. */
const pauseMs = 200;

/**
 * Gives a person the serial console of a device, on QEMU's unix socket, until they press Ctrl-], their input ends, or `signal`
 * is aborted. A device that resets itself is followed.
 */
export async function attachConsole(
  socketPath: string,
  input: TerminalInput,
  output: TerminalOutput,
  signal: AbortSignal,
): Promise<void> {
  const left = new AbortController();
  const over = AbortSignal.any([signal, left.signal]);
  let write: ((bytes: Uint8Array) => void) | undefined;
  const type = (chunk: Buffer) => {
    const end = chunk.indexOf(escape);
    write?.(end < 0 ? chunk : chunk.subarray(0, end));
    if (end >= 0) left.abort();
  };
  const ended = () => left.abort();
  input.on('data', type);
  input.once('end', ended);
  input.setRawMode?.(true);
  try {
    while (!over.aborted) {
      await new Promise<void>((resolve) => {
        const socket = connect(socketPath);
        const close = () => socket.destroy();
        over.addEventListener('abort', close, { once: true });
        socket.on('error', () => undefined); // 'close' follows
        socket.on('data', (bytes: Buffer) => output.write(bytes));
        socket.once('connect', () => {
          write = (bytes) => socket.write(bytes);
        });
        socket.once('close', () => {
          write = undefined;
          over.removeEventListener('abort', close);
          resolve();
        });
      });
      await systemClock.sleep(pauseMs, over).catch(() => undefined);
    }
  } finally {
    input.off('data', type);
    input.off('end', ended);
    input.setRawMode?.(false);
    input.pause();
  }
}
