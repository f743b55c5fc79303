import { createServer } from 'node:net';
import { HarnessError } from '../core/errors.ts';

/** A loopback TCP port that is free now; somebody may take it before it is used. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) =>
      reject(new HarnessError('port-taken', 'no loopback port is free', { cause: error })),
    );
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
