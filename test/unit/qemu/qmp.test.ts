import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Deadline, DeadlinePassed } from '../../../src/core/deadline.ts';
import { QmpClient } from '../../../src/qemu/qmp.ts';

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n';
let folder: string;
let server: Server;
let peer: Socket | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qmp-'));
});

afterEach(async () => {
  peer?.destroy();
  server.close();
  await rm(folder, { recursive: true });
});

/** A stand-in for QEMU: greets, agrees to capabilities, and leaves every other line to `answer`. */
function serve(
  answer: (request: { execute: string; id: number }, socket: Socket) => void,
  hello = greeting,
): string {
  const path = join(folder, 'qmp');
  server = createServer((socket) => {
    peer = socket;
    socket.on('error', () => undefined);
    socket.write(hello);
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        const request = JSON.parse(line) as { execute: string; id: number };
        if (request.execute === 'qmp_capabilities') socket.write(`{"return": {}, "id": ${request.id}}\n`);
        else answer(request, socket);
      }
    });
  }).listen(path);
  return path;
}

const soon = () => ({ deadline: Deadline.after(2000) });

it('answers commands by id, in whatever order the answers come', async () => {
  const held: number[] = [];
  const path = serve(({ id }, socket) => {
    held.push(id);
    if (held.length === 2)
      for (const done of held.toReversed()) socket.write(`{"return": ${done}, "id": ${done}}\n`);
  });
  await using client = await QmpClient.connect(path, soon());
  const answers = await Promise.all([client.execute('a', {}, soon()), client.execute('b', {}, soon())]);
  expect(answers).toEqual([2, 3]);
});

it('puts together a message that comes in pieces, and passes events on', async () => {
  const path = serve(({ id }, socket) => {
    const event = '{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}\n';
    socket.write(event.slice(0, 20));
    setTimeout(() => socket.write(`${event.slice(20)}{"return": "é", "id": ${id}}\n`), 20);
  });
  await using client = await QmpClient.connect(path, soon());
  const events: unknown[] = [];
  client.onEvent((event) => events.push(event));
  expect(await client.execute('query-status', {}, soon())).toBe('é');
  expect(events).toEqual([{ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } }]);
});

it('says what QEMU refused', async () => {
  const path = serve(({ id }, socket) =>
    socket.write(`{"error": {"class": "X", "desc": "no such thing"}, "id": ${id}}\n`),
  );
  await using client = await QmpClient.connect(path, soon());
  await expect(client.execute('nonsense', {}, soon())).rejects.toMatchObject({
    code: 'qmp-refused',
    message: expect.stringContaining('no such thing') as string,
  });
});

it('gives up a command at its deadline and still takes the next one', async () => {
  const path = serve(({ execute, id }, socket) => {
    if (execute !== 'hang') socket.write(`{"return": 1, "id": ${id}}\n`);
  });
  await using client = await QmpClient.connect(path, soon());
  await expect(client.execute('hang', {}, { deadline: Deadline.after(30) })).rejects.toBeInstanceOf(
    DeadlinePassed,
  );
  expect(await client.execute('query', {}, soon())).toBe(1);
});

it('rejects commands under way and later ones when QEMU goes', async () => {
  const path = serve((_, socket) => socket.destroy());
  await using client = await QmpClient.connect(path, soon());
  await expect(client.execute('quit', {}, soon())).rejects.toMatchObject({ code: 'qmp-closed' });
  await client.closed;
  await expect(client.execute('query', {}, soon())).rejects.toMatchObject({ code: 'qmp-closed' });
});

it.each([
  ['a line that is no JSON', 'garbage\n'],
  ['a line that is no object', '[1]\n'],
  ['a message without end', 'x'.repeat(5 << 20)],
])('ends the connection on %s', async (_, bytes) => {
  const path = serve((_request, socket) => socket.write(bytes));
  await using client = await QmpClient.connect(path, soon());
  await expect(client.execute('query', {}, soon())).rejects.toMatchObject({ code: 'qmp-protocol' });
  await client.closed;
});

it('does not wait longer than its deadline for a greeting or for a socket', async () => {
  const path = serve(() => undefined, '');
  await expect(QmpClient.connect(path, { deadline: Deadline.after(50) })).rejects.toBeInstanceOf(
    DeadlinePassed,
  );
  const absent = QmpClient.connect(join(folder, 'absent'), { deadline: Deadline.after(50) });
  await expect(absent).rejects.toBeInstanceOf(DeadlinePassed);
});
