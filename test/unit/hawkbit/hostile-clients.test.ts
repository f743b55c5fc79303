import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CleanupStack } from '../../../src/core/cleanup.ts';
import { type ReleaseServer, serveReleases } from '../../../src/device/release-server.ts';
import type { Ordered } from '../../../src/hawkbit/hawkbit-server.ts';
import type { ImageManifest } from '../../../src/model/image.ts';
import { credentials, fakeHawkbit } from '../../support/fake-hawkbit.ts';
import { told } from './client.ts';

/** A server of releases as a run has it, with one order; `faults`: what would end the run as not the device's. */
async function open(address?: string) {
  const stack = new CleanupStack();
  const faults: unknown[] = [];
  const server = await serveReleases(
    {
      manifest: { releases: {} } as ImageManifest,
      stop: (reason) => faults.push(reason),
      notice: () => undefined,
      signal: new AbortController().signal,
      ...(address === undefined
        ? {}
        : { hawkbitAccount: { address, credentials, from: 'the test', tenant: 'DEFAULT' } }),
    },
    stack,
  );
  const order = await server.hawkbit.order('a-to-b', { name: 'system', version: 'b' }, undefined);
  return { stack, faults, server, order };
}

/** One request, with whatever is asked for; the status, or 0 where the connection ended without one. */
async function ask(
  { port }: Pick<ReleaseServer, 'port'>,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<number> {
  const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false });
  const answered = once(sent, 'response') as Promise<[{ statusCode?: number; resume: () => void }]>;
  sent.end(body);
  const [response] = await answered.catch(() => [undefined]);
  response?.resume();
  return response?.statusCode ?? 0;
}

/** What a server says to these bytes, until it or we end the connection. */
async function say(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  let text = '';
  socket.on('data', (more) => (text += more.toString('latin1')));
  socket.write(bytes);
  const late = setTimeout(() => socket.destroy(), 5000);
  await once(socket, 'close');
  clearTimeout(late);
  return text;
}

const isWell = async (server: ReleaseServer, { id, token, tenant }: Ordered) =>
  ask(server, 'GET', `/${tenant}/controller/v1/${id}`, { authorization: `TargetToken ${token}` });

describe.each([
  ['the harness’s own', false],
  ['a hawkBit that somebody else runs', true],
])('a device that sends nonsense to %s', (_, isRemote) => {
  let hawkbit: Awaited<ReturnType<typeof fakeHawkbit>>;
  let opened: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    hawkbit = await fakeHawkbit();
    opened = await open(isRemote ? hawkbit.address : undefined);
  });
  afterEach(async () => {
    await opened.stack[Symbol.asyncDispose]();
    await hawkbit[Symbol.asyncDispose]();
  });

  /** Every request here is the device's doing: it is answered with a refusal, and the run goes on. */
  const refused = async (status: number | Promise<number>) => {
    expect([0, 400, 401, 404, 405, 413]).toContain(await status);
    expect(opened.faults).toEqual([]);
    expect(await isWell(opened.server, opened.order)).toBe(200);
  };

  it.each(['PATCH', 'TRACE', 'OPTIONS', 'DELETE', 'PROPFIND', 'CONNECT'])('by %s', async (method) => {
    const { server, order } = opened;
    const as = { authorization: `TargetToken ${order.token}` };
    await refused(ask(server, method, `/DEFAULT/controller/v1/${order.id}`, as));
  });

  it('by a GET with a body', async () => {
    const { server, order } = opened;
    const as = { authorization: `TargetToken ${order.token}`, 'content-length': '5' };
    expect([200, 400]).toContain(await ask(server, 'GET', `/DEFAULT/controller/v1/${order.id}`, as, 'hello'));
    expect(opened.faults).toEqual([]);
    expect(await isWell(server, order)).toBe(200);
  });

  it.each([
    '/DEFAULT/controller/v1/%zz',
    '/DEFAULT/controller/v1/%00',
    '/DEFAULT/controller/v1/',
    '/DEFAULT/controller/',
    '/DEFAULT/controller/v1/dev/deploymentBase/99999999999999999999/feedback',
    `/DEFAULT/controller/v1/${'x'.repeat(10_000)}`,
    '/DEFAULT/controller/../../rest/v1/targets',
    '/DEFAULT/controller/v1/%2e%2e/%2e%2e/%2e%2e/rest/v1/targets',
  ])('by the path %.60s', async (path) => {
    await refused(ask(opened.server, 'GET', path, { authorization: 'TargetToken x' }));
  });

  it('by a path that leads elsewhere, and has its name where a path of its own would', async () => {
    const { server, order } = opened;
    const elsewhere = '/rest/v1/targets/abcdef';
    expect(elsewhere).toHaveLength('/DEFAULT/controller/v1/'.length);
    const as = { authorization: `TargetToken ${order.token}` };
    await refused(ask(server, 'GET', `/DEFAULT/controller/v1/../../..${elsewhere}${order.id}`, as));
  });

  it.each(['', 'TargetToken', 'TargetToken another', 'Basic YTpi', 'GatewayToken x'])(
    'by the token "%s"',
    async (authorization) => {
      const { server, order } = opened;
      await refused(ask(server, 'GET', `/DEFAULT/controller/v1/${order.id}`, { authorization }));
    },
  );

  it.each(['nonsense', '[', '[]', 'null', '{"status":{}}', '['.repeat(500_000), '\0', '{"__proto__":{}}'])(
    'by the feedback %.20s',
    async (body) => {
      const { server, order } = opened;
      const as = { authorization: `TargetToken ${order.token}` };
      const path = `/DEFAULT/controller/v1/${order.id}/deploymentBase/${order.action.id}/feedback`;
      await refused(ask(server, 'POST', path, as, body));
      expect(order.action.history).toEqual([]);
    },
  );

  it('by a body without an end', async () => {
    const { server, order } = opened;
    const path = `/DEFAULT/controller/v1/${order.id}/configData`;
    const sent = request({
      ...{ port: server.port, host: '127.0.0.1', method: 'PUT', path, agent: false },
      headers: { authorization: `TargetToken ${order.token}`, 'transfer-encoding': 'chunked' },
    }).on('error', () => undefined);
    const over = new Promise((done) => sent.once('close', done));
    let bytes = 0;
    const chunk = Buffer.alloc(64 << 10, 'x');
    const pump = () => {
      while (!sent.destroyed && bytes < 1 << 30) {
        bytes += chunk.length;
        if (!sent.write(chunk)) return;
      }
    };
    sent.on('drain', pump);
    pump();
    await over;
    // What the sockets of both sides hold comes on top of the one MiB.
    expect(bytes).toBeLessThan(32 << 20);
    await refused(413);
  });

  it('by what is no HTTP at all', async () => {
    const { server } = opened;
    expect(await say(server.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await say(server.port, Buffer.alloc(100_000, 0xff))).toMatch(/^(HTTP\/1\.1 400 .*)?$/s);
    expect(await say(server.port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`)).toMatch(
      /^(HTTP\/1\.1 4\d\d .*)?$/s,
    );
    await refused(400);
  });

  it('by going away in the middle', async () => {
    const { server, order } = opened;
    for (const at of ['PUT', 'POST']) {
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(
        `${at} /DEFAULT/controller/v1/${order.id}/configData HTTP/1.1\r\nHost: x\r\nAuthorization: TargetToken ${order.token}\r\nContent-Length: 1000\r\n\r\n{`,
      );
      await new Promise((done) => setTimeout(done, 50));
      socket.resetAndDestroy();
    }
    await new Promise((done) => setTimeout(done, 100));
    await refused(0);
  });
});

describe('a device that floods the harness’s server', () => {
  it('is heard out on so many connections at once, and no more', async () => {
    const { stack, server, order, faults } = await open();
    const sockets: Socket[] = [];
    const open500 = Array.from({ length: 500 }, async () => {
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect').catch(() => undefined);
    });
    await Promise.all(open500);
    for (const socket of sockets) socket.resume();
    await expect.poll(() => sockets.filter(({ closed }) => !closed).length, { timeout: 5000 }).toBe(32);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => isWell(server, order), { timeout: 5000 }).toBe(200);
    expect(faults).toEqual([]);
    await stack[Symbol.asyncDispose]();
  });

  it('is remembered in bounded space, however much it says', async () => {
    const { stack, server, order } = await open();
    const as = { authorization: `TargetToken ${order.token}` };
    const path = `/DEFAULT/controller/v1/${order.id}`;
    const words = Array.from({ length: 100 }, () => 'w'.repeat(1000));
    for (let i = 0; i < 60; i += 1)
      await ask(
        server,
        'POST',
        `${path}/deploymentBase/${order.action.id}/feedback`,
        as,
        JSON.stringify(told('proceeding', 'none', ...words)),
      );
    const kept = order.action.history
      .flatMap(({ details }) => details)
      .reduce((sum, { length }) => sum + length, 0);
    expect(kept).toBeLessThanOrEqual(1 << 20);
    expect(order.action.history.at(-1)?.details).toHaveLength(100);
    await stack[Symbol.asyncDispose]();
  });
});
