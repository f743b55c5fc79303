import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/core/errors.ts';
import { type FeedServer, serveFiles, serveFolder } from '../../../src/feed/http-server.ts';

const bundle = randomBytes(100_000);
const notices: string[] = [];
const onNotice = (message: string) => notices.push(message);
let top: string;
let root: string;

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'brownout-feed-'));
  root = join(top, 'feed');
  await mkdir(join(root, 'sub'), { recursive: true });
  await mkdir(join(top, 'feed-secret'));
  await writeFile(join(top, 'secret'), 'secret');
  await writeFile(join(top, 'feed-secret', 'x'), 'secret');
  await writeFile(join(root, 'a bundle+1.raucb'), bundle);
  await writeFile(join(root, 'sub', '.hidden'), 'dot');
  await symlink(join(root, 'a bundle+1.raucb'), join(root, 'inside'));
  await symlink(join(top, 'secret'), join(root, 'outside'));
  await symlink(join(top, 'feed-secret', 'x'), join(root, 'sibling'));
  await symlink(top, join(root, 'sub', 'up'));
});
afterAll(() => rm(top, { recursive: true }));
beforeEach(() => {
  notices.length = 0;
});

/** One request with its path sent as given: URL and fetch would tidy it up. */
async function ask({ port }: FeedServer, path: string, options: { method?: string; range?: string } = {}) {
  const headers = options.range === undefined ? {} : { range: options.range };
  const sent = request({
    port,
    host: '127.0.0.1',
    path,
    method: options.method ?? 'GET',
    headers,
    agent: false,
  });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

describe('serveFolder', () => {
  let server: FeedServer;
  beforeEach(async () => {
    server = await serveFolder({ root, onNotice });
    return () => server[Symbol.asyncDispose]();
  });

  it('serves files whole, also through a symlink that stays inside', async () => {
    expect((await ask(server, '/a%20bundle+1.raucb?x=1')).body.equals(bundle)).toBe(true);
    expect((await ask(server, '/inside')).body.equals(bundle)).toBe(true);
    expect((await ask(server, '/sub/.hidden')).body.toString()).toBe('dot');
    expect((await ask(server, '/sub/../inside')).status).toBe(200);
  });

  it('serves ranges', async () => {
    const part = await ask(server, '/inside', { range: 'bytes=100-199' });
    expect([part.status, part.headers['content-range']]).toEqual([206, 'bytes 100-199/100000']);
    expect(part.body.equals(bundle.subarray(100, 200))).toBe(true);
    const tail = await ask(server, '/inside', { range: 'bytes=-5' });
    expect(tail.body.equals(bundle.subarray(-5))).toBe(true);
    const beyond = await ask(server, '/inside', { range: 'bytes=100000-' });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */100000']);
  });

  it('answers HEAD with the size alone', async () => {
    const head = await ask(server, '/inside', { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.headers['accept-ranges']]).toEqual([
      200,
      '100000',
      'bytes',
    ]);
    expect(head.body).toHaveLength(0);
  });

  it.each(['/none', '/', '/sub', '/sub/', '/inside/', '/inside/x'])('knows no file %s', async (path) => {
    expect((await ask(server, path)).status).toBe(404);
  });

  it.each([
    '/../secret',
    '/sub/../../secret',
    '/%2e%2e/secret',
    '/..%2fsecret',
    '/sub/%2e%2e%2f%2e%2e%2fsecret',
    '/../feed-secret/x',
    '//etc/passwd',
    '/outside',
    '/sibling',
    '/sub/up/secret',
    '/..\\secret',
  ])('gives nothing away for %s', async (path) => {
    const answer = await ask(server, path);
    expect(answer.status).toBe(404);
    expect(answer.body.toString()).not.toContain('secret');
  });

  it.each(['/%', '/%ff', '/a%00'])('calls %s malformed', async (path) => {
    expect((await ask(server, path)).status).toBe(400);
  });

  it('takes GET and HEAD only', async () => {
    const answer = await ask(server, '/inside', { method: 'PUT' });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('logs each request with its outcome', async () => {
    await ask(server, '/none');
    await ask(server, '/inside', { range: 'bytes=0-1' });
    await expect
      .poll(() => notices)
      .toEqual(['http: GET /none: 404', 'http: GET /inside ("bytes=0-1"): 206']);
  });

  it('drops a client that does not speak HTTP and goes on', async () => {
    const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
    socket.end('nonsense\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect(notices).toEqual([expect.stringContaining('client dropped')]);
    expect((await ask(server, '/inside')).status).toBe(200);
  });

  it('closes at once, also with a client in the middle of a request', async () => {
    const idle = connect(server.port, '127.0.0.1').on('error', () => undefined);
    await once(idle, 'connect');
    const closed = new Promise((resolve) => idle.once('close', resolve));
    idle.write('GET /inside HTTP/1.1\r\n');
    await server[Symbol.asyncDispose]();
    await closed;
    server = await serveFolder({ root, onNotice });
  });

  it('gives URLs for both sides', () => {
    expect(server.guestUrl('/a b')).toBe(`http://10.0.2.2:${server.port}/a%20b`);
    expect(server.hostUrl('x')).toBe(`http://127.0.0.1:${server.port}/x`);
  });
});

describe('serveFiles', () => {
  it('serves what the map names and nothing beside it', async () => {
    const files = new Map([['/2.0/update.raucb', join(root, 'inside')]]);
    await using server = await serveFiles({ files, onNotice });
    expect(
      (await ask(server, '/2.0/update.raucb', { range: 'bytes=0-9' })).body.equals(bundle.subarray(0, 10)),
    ).toBe(true);
    expect((await ask(server, '/inside')).status).toBe(404);
    files.set('late', join(top, 'secret')).set('gone', join(top, 'gone'));
    expect((await ask(server, '/late')).body.toString()).toBe('secret');
    expect((await ask(server, '/gone')).status).toBe(404);
  });
});

describe('a client that takes its time', () => {
  const half = (body: string) =>
    `PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n${body === '' ? '' : `\r\n${body}`}`;

  it.each([
    ['says nothing', ''],
    ['does not end its head', 'GET /inside HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['does not end its head after its length', half('')],
    ['does not end its body', half('{')],
  ])('and %s is told so, and let go', async (_, bytes) => {
    const faults: string[] = [];
    let heard: Promise<unknown> = Promise.resolve('never asked');
    await using server = await serveFiles({
      ...{ files: new Map(), onNotice, patienceMs: 300, onFault: (fault: string) => faults.push(fault) },
      first: async (asked) => {
        heard = asked.toArray().catch((error: unknown) => messageOf(error));
        await heard;
        return false;
      },
    });
    const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
    let said = '';
    socket.on('data', (more) => (said += more.toString()));
    if (bytes !== '') socket.write(bytes);
    const began = performance.now();
    await new Promise((done) => socket.once('close', done));
    expect(performance.now() - began).toBeLessThan(3000);
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
    expect(await heard).toBe(bytes.endsWith('{') ? 'aborted' : 'never asked');
    expect(faults).toEqual([]);
  });

  it('but sends a byte now and then, is let go all the same', async () => {
    await using server = await serveFiles({ files: new Map(), onNotice, patienceMs: 300 });
    const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nX: ');
    const drip = setInterval(() => socket.write('y'), 20);
    const began = performance.now();
    socket.resume();
    await new Promise((done) => socket.once('close', done));
    clearInterval(drip);
    expect(performance.now() - began).toBeLessThan(3000);
  });
});

describe('start', () => {
  it('names a port that is taken', async () => {
    await using first = await serveFiles({ files: new Map(), onNotice });
    await expect(serveFiles({ files: new Map(), onNotice, port: first.port })).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining(String(first.port)) as string,
    });
  });

  it('names a root that is missing', async () => {
    await expect(serveFolder({ root: join(top, 'none'), onNotice })).rejects.toMatchObject({
      code: 'feed-failed',
    });
  });
});
