import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeGoRequest, encodeMetaContextRequest, encodeOption } from '../../../src/nbd/handshake-codec.ts';
import { option, optionReply } from '../../../src/nbd/protocol.ts';
import { type NbdServer, startNbdServer } from '../../../src/nbd/server.ts';
import { MemoryDisk } from './memory-disk.ts';
import { RawClient } from './raw-client.ts';
import { temporaryFolders } from './temporary.ts';

const folder = temporaryFolders();
const notices: string[] = [];
let server: NbdServer;

beforeEach(async () => {
  notices.length = 0;
  const exports = new Map([
    ['vda', new MemoryDisk(1 << 20)],
    ['vdb', Object.assign(new MemoryDisk(4096), { readOnly: true })],
  ]);
  server = await startNbdServer({
    socketPath: join(await folder(), 'nbd'),
    exports,
    onNotice: (message) => notices.push(message),
  });
  return () => server[Symbol.asyncDispose]();
});

const types = (replies: { type: number }[]) => replies.map(({ type }) => type);

describe('handshake', () => {
  it('greets as a fixed newstyle server', async () => {
    await using client = await RawClient.connect(server.socketPath);
    expect((await client.take(18)).toString('latin1')).toBe('NBDMAGICIHAVEOPT\x00\x03');
  });

  it('lists its exports', async () => {
    await using client = await RawClient.greeted(server.socketPath);
    const replies = await client.ask(option.list);
    expect(replies.map(({ data }) => data.toString('latin1'))).toEqual([
      '\0\0\0\x03vda',
      '\0\0\0\x03vdb',
      '',
    ]);
    expect(types(await client.ask(option.list, Buffer.from('x')))).toEqual([optionReply.errInvalid]);
  });

  it('tells size, flags and block sizes', async () => {
    await using client = await RawClient.greeted(server.socketPath);
    const info = async (name: string, infos: number[]) =>
      (await client.ask(option.info, encodeGoRequest({ name, infos }))).map(({ data }) =>
        data.toString('hex'),
      );
    expect(await info('vda', [3])).toEqual(['00000000000000100000006d', '0003000000010000100002000000', '']);
    expect(await info('vdb', [1])).toEqual([
      '00000000000000001000006f',
      '0001766462',
      '0003000000010000100002000000',
      '',
    ]);
    await client.ask(option.structuredReply);
    expect((await info('vda', []))[0]).toBe('0000000000000010000000ed');
  });

  it('answers what it does not know or understand and goes on', async () => {
    await using client = await RawClient.greeted(server.socketPath);
    expect(types(await client.ask(5))).toEqual([optionReply.errUnsup]);
    expect(types(await client.ask(0xffffffff, Buffer.alloc(1000)))).toEqual([optionReply.errUnsup]);
    expect(types(await client.ask(option.go, Buffer.alloc(3)))).toEqual([optionReply.errInvalid]);
    expect(types(await client.ask(option.go, encodeGoRequest({ name: 'vdz', infos: [] })))).toEqual([
      optionReply.errUnknown,
    ]);
    expect(types(await client.ask(option.go, encodeGoRequest({ name: '', infos: [] })))).toEqual([
      optionReply.errUnknown,
    ]);
    expect(types(await client.ask(option.structuredReply, Buffer.alloc(1)))).toEqual([
      optionReply.errInvalid,
    ]);
    expect(types(await client.ask(option.go, encodeGoRequest({ name: 'vda', infos: [3] })))).toEqual([
      3, 3, 1,
    ]);
    expect(notices).toEqual([]);
  });

  it('offers no metadata context, and only after structured replies', async () => {
    await using client = await RawClient.greeted(server.socketPath);
    const query = encodeMetaContextRequest({ name: 'vda', queries: ['base:allocation'] });
    expect(types(await client.ask(option.setMetaContext, query))).toEqual([optionReply.errInvalid]);
    await client.ask(option.structuredReply);
    expect(types(await client.ask(option.setMetaContext, query))).toEqual([optionReply.ack]);
    expect(types(await client.ask(option.listMetaContext, query))).toEqual([optionReply.ack]);
    expect(types(await client.ask(option.setMetaContext, query.subarray(1)))).toEqual([
      optionReply.errInvalid,
    ]);
    const unknown = encodeMetaContextRequest({ name: 'vdz', queries: [] });
    expect(types(await client.ask(option.setMetaContext, unknown))).toEqual([optionReply.errUnknown]);
  });

  it('serves the older OPT_EXPORT_NAME, with padding where the client wants it', async () => {
    await using old = await RawClient.greeted(server.socketPath, 1);
    old.send(encodeOption(option.exportName, Buffer.from('vda')));
    expect((await old.take(134)).toString('hex')).toBe(`0000000000100000006d${'00'.repeat(124)}`);
    expect(await old.call({ command: 3, length: 0 })).toEqual({ kind: 'simple', cookie: 1n, error: 0 });
    await using newer = await RawClient.greeted(server.socketPath, 3);
    newer.send(encodeOption(option.exportName, Buffer.from('vdb')));
    expect((await newer.take(10)).toString('hex')).toBe('0000000000001000006f');
  });

  it('lets a client take its leave', async () => {
    await using client = await RawClient.greeted(server.socketPath);
    expect(types(await client.ask(option.abort))).toEqual([optionReply.ack]);
    await client.hungUp();
    expect(notices).toEqual([]);
  });

  it.each<[string, (client: RawClient) => void, string]>([
    ['unknown client flags', (client) => client.send(Buffer.from([0, 0, 0, 0x13])), 'unknown client flags'],
    ['a missing magic', (client) => client.send(Buffer.alloc(20)), 'an option without its magic number'],
    [
      'an endless option',
      (client) => client.send(Buffer.from('0000000349484156454f5054000000030fffffff', 'hex')),
      'an option with 268435455 bytes of data',
    ],
    [
      'an unknown export by the older option',
      (client) => client.send(Buffer.concat([Buffer.from([0, 0, 0, 3]), encodeOption(1, Buffer.from('no'))])),
      'asked for the unknown export "no"',
    ],
  ])('drops a client for %s, and says why', async (_, misbehave, why) => {
    await using client = await RawClient.connect(server.socketPath);
    misbehave(client);
    await client.hungUp();
    expect(notices).toEqual([expect.stringContaining(why)]);
    await using next = await RawClient.ready(server.socketPath, 'vda');
    expect((await next.call({ length: 512 })).kind).toBe('data');
  });
});
