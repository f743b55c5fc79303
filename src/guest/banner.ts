import { connect, type Socket } from 'node:net';

/**
 * What came of knocking at the guest's ssh port through QEMU's user network, which accepts a connection
 * before it knows whether the guest does. `silent`: nobody is there yet; `refused`: the guest is on the
 * network and does not listen; otherwise the connection, with the server's first bytes still to be read.
 */
export type Knock = { kind: 'silent' | 'refused' } | { kind: 'answered'; socket: Socket };

/** Connects and waits for the server's first bytes, for at most `patienceMs`. Rejects when `signal` aborts. */
export function knock(port: number, patienceMs: number, signal: AbortSignal): Promise<Knock> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host: '127.0.0.1', port });
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off('readable', readable).off('end', refused).off('error', refused);
    };
    const giveUp = (act: () => void) => {
      stop();
      socket.on('error', () => undefined).destroy();
      act();
    };
    const abort = () => giveUp(() => reject(signal.reason as Error));
    const refused = () => giveUp(() => resolve({ kind: 'refused' }));
    const readable = () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      stop();
      // It may break before anybody takes it over, who then finds it closed.
      socket.on('error', () => undefined);
      socket.unshift(first);
      resolve({ kind: 'answered', socket });
    };
    const timer = setTimeout(() => giveUp(() => resolve({ kind: 'silent' })), patienceMs);
    signal.addEventListener('abort', abort, { once: true });
    socket.on('readable', readable).on('end', refused).on('error', refused);
  });
}
