import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeGoRequest, encodeOption } from '../../../src/nbd/handshake-codec.ts';
import { startNbdServer } from '../../../src/nbd/server.ts';
import { encodeRequest } from '../../../src/nbd/transmission-codec.ts';
import { MemoryDisk } from './memory-disk.ts';
import { RawClient } from './raw-client.ts';
import { temporaryFolders } from './temporary.ts';

const folder = temporaryFolders();
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const size = 1 << 16;

/** Options from well formed to nonsense. */
const anyOption = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.integer({ min: 0, max: 12 }), noise).map(([n, data]) => encodeOption(n, data)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('vda', '', 'no')
      .map((name) => encodeOption(7, encodeGoRequest({ name, infos: [3] }))),
  },
  { weight: 1, arbitrary: noise },
);

/** Requests near the valid ones, some with too much or too little data. */
const anyRequest = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        flags: fc.constantFrom(0, 0, 1, 4, 0xffff),
        command: fc.integer({ min: 0, max: 9 }).filter((n) => n !== 2),
        cookie: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        offset: fc.oneof(
          fc.bigInt({ min: 0n, max: BigInt(size) + 512n }),
          fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        ),
        length: fc.oneof(fc.nat(1024), fc.integer({ min: 0, max: 0xffffffff })),
      })
      .chain((request) => noise.map((extra) => Buffer.concat([encodeRequest(request), extra]))),
  },
  { weight: 1, arbitrary: noise },
);

async function serve() {
  const notices: string[] = [];
  const disk = new MemoryDisk(size);
  const server = await startNbdServer({
    socketPath: join(await folder(), 'nbd'),
    exports: new Map([['vda', disk]]),
    onNotice: (message) => notices.push(message),
  });
  return { disk, server, notices, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Sends `bytes`, closes the sending side and waits until the server has hung up too. */
async function sayAndLeave(client: RawClient, bytes: Buffer): Promise<void> {
  client.socket.end(bytes);
  await client.hungUp();
  await client[Symbol.asyncDispose]();
}

async function expectService(path: string): Promise<void> {
  await using client = await RawClient.ready(path, 'vda');
  expect(await client.call({ length: 512 })).toMatchObject({ kind: 'data' });
}

it('survives any handshake and serves the next client', async () => {
  await using run = await serve();
  const flags = fc.constantFrom(0, 1, 3, 3, 3, 0x80000003);
  await fc.assert(
    fc.asyncProperty(flags, fc.array(anyOption, { maxLength: 6 }), async (clientFlags, options) => {
      await sayAndLeave(await RawClient.greeted(run.server.socketPath, clientFlags), Buffer.concat(options));
      await expectService(run.server.socketPath);
    }),
    { numRuns: 200 },
  );
  expect(run.notices.length).toBeGreaterThan(0);
  expect(run.notices.filter((message) => message.includes('fault of this server'))).toEqual([]);
});

it('survives any requests, never asks the disk for anything outside it, and serves the next client', async () => {
  await using run = await serve();
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(anyRequest, { maxLength: 12 }), async (structured, requests) => {
      const client = await RawClient.ready(run.server.socketPath, 'vda', structured);
      await sayAndLeave(client, Buffer.concat(requests));
      await expectService(run.server.socketPath);
    }),
    { numRuns: 200 },
  );
  for (const call of run.disk.calls) {
    const [, offset = '0', length = '0'] = call.split(' ');
    expect(Number(offset) + Number(length)).toBeLessThanOrEqual(size);
  }
  expect(run.disk.calls.length).toBeGreaterThan(200);
  expect(run.notices.length).toBeGreaterThan(0);
  expect(run.notices.filter((message) => message.includes('fault of this server'))).toEqual([]);
  await expect.poll(() => run.server.connections).toBe(0);
});
