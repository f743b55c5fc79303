import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { link, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskError } from '../../../src/nbd/disk.ts';
import { blockSize, command, commandFlag, errorNumber } from '../../../src/nbd/protocol.ts';
import { startNbdServer } from '../../../src/nbd/server.ts';
import { encodeRequest } from '../../../src/nbd/transmission-codec.ts';
import { MemoryDisk } from './memory-disk.ts';
import { RawClient } from './raw-client.ts';
import { temporaryFolders } from './temporary.ts';

const folder = temporaryFolders();

async function serve(disk: MemoryDisk = new MemoryDisk(1 << 20)) {
  const notices: string[] = [];
  const server = await startNbdServer({
    socketPath: join(await folder(), 'nbd'),
    exports: new Map([['vda', disk]]),
    onNotice: (message) => notices.push(message),
  });
  return {
    server,
    disk,
    notices,
    path: server.socketPath,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A disk of what is sent as it is: no zeros. */
function full(): MemoryDisk {
  const disk = new MemoryDisk(1 << 20);
  disk.data.fill(1);
  return disk;
}

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('transmission', () => {
  it('writes, reads back, zeroes, trims and flushes', async () => {
    await using run = await serve();
    await using client = await RawClient.ready(run.path, 'vda');
    const data = Buffer.from('hello');
    expect(
      await client.call({ command: command.write, offset: 100n, flags: commandFlag.fua }, data),
    ).toMatchObject({ error: 0 });
    expect(await client.call({ offset: 100n, length: 5 })).toEqual({
      kind: 'data',
      cookie: 2n,
      offset: 100n,
      data,
    });
    expect(await client.call({ command: command.writeZeroes, offset: 101n, length: 2 })).toMatchObject({
      error: 0,
    });
    expect(await client.call({ command: command.trim, offset: 104n, length: 1 })).toMatchObject({ error: 0 });
    expect(await client.call({ command: command.flush })).toMatchObject({ error: 0 });
    expect(await client.call({ offset: 100n, length: 5 })).toMatchObject({ data: Buffer.from('h\0\0l\0') });
    expect(run.disk.calls).toEqual([
      'write 100 5 fua',
      'read 100 5',
      'zero 101 2',
      'trim 104 1',
      'flush',
      'read 100 5',
    ]);
    expect(run.notices).toEqual([]);
  });

  it('speaks simple replies to a client that knows no others', async () => {
    await using run = await serve();
    run.disk.data.write('abc', 0);
    await using client = await RawClient.ready(run.path, 'vda', false);
    expect(await client.call({ length: 3 })).toEqual({ kind: 'simple', cookie: 1n, error: 0 });
    expect((await client.take(3)).toString()).toBe('abc');
    expect(await client.call({ length: 3, flags: commandFlag.df })).toEqual({
      kind: 'simple',
      cookie: 2n,
      error: errorNumber.EINVAL,
    });
  });

  it('tells zeros at the end of a read instead of sending them, where the client takes chunks', async () => {
    const piece = 64 << 10;
    const disk = new MemoryDisk(4 * piece);
    disk.data.fill(1, 0, 10);
    await using run = await serve(disk);
    await using client = await RawClient.ready(run.path, 'vda');
    const read = async (offset: number, length: number, flags = 0) => {
      const cookie = client.post({ offset: BigInt(offset), length, flags });
      const chunks: [bytes: number, isPart: boolean][] = [];
      const parts: Buffer[] = [];
      for (let isPart = true; isPart; ) {
        const { reply, bytes, ...more } = await client.chunk();
        if (reply.kind !== 'data' || reply.cookie !== cookie) throw new Error('another reply');
        expect(reply.offset).toBe(BigInt(offset + Buffer.concat(parts).length));
        isPart = more.isPart === true;
        chunks.push([bytes, isPart]);
        parts.push(reply.data);
      }
      expect(Buffer.concat(parts).equals(disk.data.subarray(offset, offset + length))).toBe(true);
      return chunks;
    };
    const [whole, hole] = [28, 32];
    expect(await read(0, 4 * piece)).toEqual([
      [whole + piece, true],
      [hole, false],
    ]);
    expect(await read(piece, 3 * piece)).toEqual([[hole, false]]);
    expect(await read(0, piece - 1)).toEqual([[whole + piece - 1, false]]);
    expect(await read(piece, piece - 1)).toEqual([[whole + piece - 1, false]]);
    // Who asks for one chunk is given one.
    expect(await read(0, 4 * piece, commandFlag.df)).toEqual([[whole + 4 * piece, false]]);
    expect(await read(piece, 3 * piece, commandFlag.df)).toEqual([[hole, false]]);
    await using simple = await RawClient.ready(run.path, 'vda', false);
    simple.post({ offset: BigInt(piece), length: piece });
    expect((await simple.chunk()).reply.kind).toBe('simple');
    expect((await simple.take(piece)).equals(Buffer.alloc(piece))).toBe(true);
  });

  it('answers a bad request with an error, and the connection goes on', async () => {
    await using run = await serve();
    await using client = await RawClient.ready(run.path, 'vda');
    const refused = { kind: 'error', error: errorNumber.EINVAL };
    expect(await client.call({ offset: 2n ** 63n, length: 512 })).toMatchObject(refused);
    expect(
      await client.call({ command: command.write, offset: 1n << 20n }, Buffer.alloc(512, 1)),
    ).toMatchObject({ kind: 'error', error: errorNumber.ENOSPC });
    expect(await client.call({ command: 77, length: 512 })).toMatchObject(refused);
    expect(await client.call({ length: blockSize.maximum + 1 })).toMatchObject(refused);
    expect(await client.call({ offset: 0n, length: 512 })).toMatchObject({ kind: 'data' });
    expect(run.disk.calls).toEqual(['read 0 512']);
  });

  it('skips the data of a write that is too large', async () => {
    await using run = await serve();
    await using client = await RawClient.ready(run.path, 'vda');
    const answer = client.call({ command: command.write }, Buffer.alloc(blockSize.maximum + 4096));
    expect(await answer).toMatchObject({ kind: 'error', error: errorNumber.EINVAL });
    expect(await client.call({ length: 1 })).toMatchObject({ kind: 'data' });
  });

  it.each([
    ['a request without its magic', Buffer.alloc(28), 'a request without its magic number'],
    [
      'a write of 4 GiB',
      encodeRequest({ flags: 0, command: 1, cookie: 1n, offset: 0n, length: 0xffffffff }),
      'a write of 4294967295 bytes',
    ],
  ])('drops a client for %s, says why, and serves the others', async (_, bytes, why) => {
    await using run = await serve();
    await using other = await RawClient.ready(run.path, 'vda');
    await using client = await RawClient.ready(run.path, 'vda');
    client.send(bytes);
    await client.hungUp();
    expect(run.notices).toEqual([`nbd: client dropped: ${why}`]);
    expect(await other.call({ length: 512 })).toMatchObject({ kind: 'data' });
  });

  it('reports a disk failure with its errno and to the harness', async () => {
    await using run = await serve();
    await using client = await RawClient.ready(run.path, 'vda');
    run.disk.failure = new DiskError('ENOSPC', 'no space left on device');
    expect(await client.call({ command: command.write }, Buffer.alloc(512))).toMatchObject({
      error: errorNumber.ENOSPC,
    });
    run.disk.failure = new TypeError('a bug');
    expect(await client.call({ length: 512 })).toMatchObject({ error: errorNumber.EIO, message: 'a bug' });
    expect(run.notices[0]).toContain(
      'ENOSPC: no space left on device (export "vda", command 1, 512 bytes at 0)',
    );
  });

  it('tells of a client that ends inside a request, not of one that ends between two', async () => {
    await using run = await serve();
    {
      await using quiet = await RawClient.ready(run.path, 'vda');
      await quiet.call({ length: 1 });
    }
    {
      await using cut = await RawClient.ready(run.path, 'vda');
      cut.post({ command: command.write, length: 4096 });
      cut.send(Buffer.alloc(100));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until(() => run.notices.length > 0);
    expect(run.notices).toEqual(['nbd: the client ended in the middle of a message (100 bytes of it came)']);
    expect(run.disk.calls).toEqual(['read 0 1']);
  });

  it('finishes what is under way before a disconnect', async () => {
    await using run = await serve();
    await using client = await RawClient.ready(run.path, 'vda');
    const open = run.disk.hold();
    client.post({ command: command.write }, Buffer.alloc(512, 1));
    client.post({ command: command.disconnect });
    await until(() => run.disk.calls.length === 1);
    open();
    expect(await client.reply()).toEqual({ kind: 'simple', cookie: 1n, error: 0 });
    await client.hungUp();
  });

  it('holds back a client that asks for more than it takes', async () => {
    await using run = await serve(full());
    await using client = await RawClient.ready(run.path, 'vda');
    client.socket.pause();
    const requests = 100;
    for (let i = 0; i < requests; i += 1) client.post({ length: 1 << 20 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const served = run.disk.calls.length;
    expect(served).toBeGreaterThan(10);
    expect(served).toBeLessThan(80);
    client.socket.resume();
    for (let i = 0; i < requests; i += 1) await client.reply();
    expect(run.disk.calls).toHaveLength(requests);
  });

  it('has a bounded number of requests under way on a slow disk', async () => {
    await using run = await serve();
    await using client = await RawClient.ready(run.path, 'vda');
    const open = run.disk.hold();
    for (let i = 0; i < 500; i += 1) client.post({ length: 1 });
    await until(() => run.disk.calls.length >= 128);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(run.disk.calls).toHaveLength(128);
    open();
    for (let i = 0; i < 500; i += 1) await client.reply();
  });
});

describe('two clients', () => {
  /** The most calls in a row that reached the disk for one client while the other had a request open. */
  const longestRun = (calls: readonly string[], call: string) => {
    const runs = calls.join().split(call);
    return Math.max(...runs.slice(1, -1).map((run) => run.split(',').length - 2));
  };

  it('take turns, however much one of them asks for', async () => {
    await using run = await serve();
    await using greedy = await RawClient.ready(run.path, 'vda');
    await using modest = await RawClient.ready(run.path, 'vda');
    const requests = 10_000;
    let served = 0;
    await modest.call({ offset: 512n, length: 512 });
    greedy.send(
      Buffer.concat(
        Array.from({ length: requests }, (_, i) =>
          encodeRequest({ flags: 0, command: command.read, cookie: BigInt(i), offset: 0n, length: 1 }),
        ),
      ),
    );
    while (run.disk.calls.length < requests) {
      await modest.call({ offset: 512n, length: 512 });
      served += 1;
    }
    expect(served).toBeGreaterThan(20);
    expect(longestRun(run.disk.calls, 'read 512 512')).toBeLessThan(500);
  });

  it('who leaves 10,000 reads behind keeps nobody waiting', async () => {
    await using run = await serve(full());
    await using other = await RawClient.ready(run.path, 'vda');
    await using gone = await RawClient.ready(run.path, 'vda');
    gone.socket.pause();
    for (let i = 0; i < 10_000; i += 1) gone.post({ length: 1 << 20 });
    await until(() => run.disk.calls.length > 20 && gone.socket.writableLength === 0);
    gone.socket.destroy();
    await until(() => run.server.connections === 1);
    expect(await other.call({ length: 512 })).toMatchObject({ kind: 'data' });
    expect(run.disk.calls.length).toBeLessThan(300);
    expect(run.notices).toEqual([]);
  });

  it('what a client wrote counts, though it is gone', async () => {
    await using run = await serve();
    {
      await using gone = await RawClient.ready(run.path, 'vda');
      gone.socket.pause();
      for (let i = 0; i < 100; i += 1) gone.post({ length: 1 << 20 });
      gone.post({ command: command.write, offset: 512n }, Buffer.alloc(512, 1));
      await until(() => gone.socket.writableLength === 0);
    }
    await until(() => run.server.connections === 0);
    expect(run.disk.calls.at(-1)).toBe('write 512 512');
  });
});

describe('power cut', () => {
  it('closes every connection, waits for what reached the disk, forgets the rest and listens on', async () => {
    await using run = await serve();
    await using one = await RawClient.ready(run.path, 'vda');
    await using two = await RawClient.ready(run.path, 'vda');
    expect(run.server.connections).toBe(2);
    const open = run.disk.hold();
    one.post({ command: command.write }, Buffer.alloc(512, 1));
    await until(() => run.disk.calls.length === 1);
    one.post({ command: command.write, offset: 4096n, length: 4096 });
    let isDropped = false;
    const dropped = run.server.dropAll().then(() => {
      isDropped = true;
    });
    await Promise.all([one.hungUp(), two.hungUp()]);
    expect(isDropped).toBe(false);
    open();
    await dropped;
    expect(run.disk.calls).toEqual(['write 0 512']);
    expect(run.server.connections).toBe(0);
    expect(run.notices).toEqual([]);
    await using next = await RawClient.ready(run.path, 'vda');
    expect(await next.call({ length: 1 })).toMatchObject({ data: Buffer.from([1]) });
  });

  it('drops requests that wait for room', async () => {
    await using run = await serve();
    await using client = await RawClient.ready(run.path, 'vda');
    const open = run.disk.hold();
    for (let i = 0; i < 200; i += 1) client.post({ command: command.flush });
    await until(() => run.disk.calls.length === 128);
    const dropped = run.server.dropAll();
    open();
    await dropped;
    expect(run.disk.calls).toHaveLength(128);
  });

  it('cuts a client off in the middle of its handshake', async () => {
    await using run = await serve();
    await using client = await RawClient.greeted(run.path);
    await run.server.dropAll();
    await client.hungUp();
    expect(run.notices).toEqual([]);
  });
});

describe('socket', () => {
  it('refuses a path that the system would cut', async () => {
    const socketPath = `/tmp/${'x'.repeat(103)}`;
    await expect(
      startNbdServer({ socketPath, exports: new Map(), onNotice: () => undefined }),
    ).rejects.toMatchObject({
      code: 'nbd-socket-path-too-long',
      message: expect.stringContaining('107') as string,
    });
  });

  it('is gone after disposal', async () => {
    const run = await serve();
    expect(existsSync(run.path)).toBe(true);
    await run[Symbol.asyncDispose]();
    expect(existsSync(run.path)).toBe(false);
  });

  it('is not taken from a server that listens, nor from a file', async () => {
    await using run = await serve();
    const again = startNbdServer({ socketPath: run.path, exports: new Map(), onNotice: () => undefined });
    await expect(again).rejects.toMatchObject({ code: 'nbd-socket-in-use' });
    expect(existsSync(run.path)).toBe(true);
    const file = join(await folder(), 'file');
    await writeFile(file, 'precious');
    const over = startNbdServer({ socketPath: file, exports: new Map(), onNotice: () => undefined });
    await expect(over).rejects.toMatchObject({ code: 'nbd-socket-in-use' });
    expect(existsSync(file)).toBe(true);
  });

  it('replaces one that nobody listens on', async () => {
    const path = join(await folder(), 'nbd');
    const dead = createServer().listen(path);
    await once(dead, 'listening');
    await link(path, `${path}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    await rename(`${path}.kept`, path);
    expect(existsSync(path)).toBe(true);
    await using server = await startNbdServer({
      socketPath: path,
      exports: new Map([['vda', new MemoryDisk(512)]]),
      onNotice: () => undefined,
    });
    await using client = await RawClient.ready(server.socketPath, '');
    expect(await client.call({ length: 1 })).toMatchObject({ kind: 'data' });
  });

  it('fails clearly where it cannot listen', async () => {
    const socketPath = '/nonexistent/nbd';
    await expect(
      startNbdServer({ socketPath, exports: new Map(), onNotice: () => undefined }),
    ).rejects.toMatchObject({
      code: 'nbd-listen-failed',
      message: expect.stringContaining(socketPath) as string,
    });
  });
});
