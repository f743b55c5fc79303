import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../../src/core/cleanup.ts';
import { relayTo } from '../../../src/qemu/relay.ts';

/** A server on loopback, and a relay to it as QEMU would start one. */
async function relayed(owner: CleanupStack, serve: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  owner.defer('server', () => server.close());
  return relay((server.address() as AddressInfo).port);
}

function relay(port: number) {
  const child = spawn('sh', ['-c', `exec ${relayTo(port)}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, ended: once(child, 'exit') };
}

describe('a connection of a guest', () => {
  it('gets the answer to what it asked, also after it has said that it asks no more', async () => {
    await using owner = new CleanupStack();
    const { child, ended } = await relayed(owner, (socket) => {
      let asked = '';
      socket.on('data', (chunk) => (asked += chunk.toString()));
      socket.on('end', () => socket.end(`you said ${asked}`));
    });
    child.stdin.end('GET /\n');
    expect(await text(child.stdout)).toBe('you said GET /\n');
    await ended;
  });

  it('loses no byte of much', async () => {
    await using owner = new CleanupStack();
    const much = Buffer.alloc(20 << 20, 'much of it; ');
    const { child } = await relayed(owner, (socket) => {
      socket.pipe(socket);
    });
    child.stdin.end(much);
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(much)).toBe(true);
  });

  it('ends with the server’s side, while the guest still listens', async () => {
    await using owner = new CleanupStack();
    const { child, ended } = await relayed(owner, (socket) => {
      socket.end('bye');
    });
    expect(await text(child.stdout)).toBe('bye');
    await ended;
    child.stdin.destroy();
  });

  it('ends when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect(await relay(port).ended).toEqual([1, null]);
  });
});
