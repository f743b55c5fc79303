import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Deadline, DeadlinePassed } from '../../../src/core/deadline.ts';
import { saveState, untilHeld, untilLoaded } from '../../../src/qemu/migration.ts';
import { QmpClient } from '../../../src/qemu/qmp.ts';

let folder: string;
let server: Server;
let peer: Socket | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'migration-'));
});

afterEach(async () => {
  peer?.destroy();
  server.close();
  await rm(folder, { recursive: true });
});

interface Request {
  execute: string;
  arguments: { uri?: string };
  id: number;
}

/** A stand-in for QEMU that answers each command with what `answer` returns; undefined ends the connection. */
async function qemu(answer: (request: Request) => object | undefined): Promise<QmpClient> {
  const path = join(folder, 'qmp');
  server = createServer((socket) => {
    peer = socket;
    socket.on('error', () => undefined);
    socket.write('{"QMP": {}}\n');
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        const request = JSON.parse(line) as Request;
        const value = request.execute === 'qmp_capabilities' ? {} : answer(request);
        if (value === undefined) socket.destroy();
        else socket.write(`${JSON.stringify({ return: value, id: request.id })}\n`);
      }
    });
  }).listen(path);
  return QmpClient.connect(path, soon());
}

const soon = (ms = 2000) => ({ deadline: Deadline.after(ms) });
const target = () => ({ socketPath: join(folder, 'state'), path: join(folder, 'file') });

it('writes what QEMU sends to the file, to its last byte', async () => {
  const state = Buffer.alloc(300_000, 5);
  const statuses = ['setup', 'active', 'completed'];
  await using qmp = await qemu(({ execute, arguments: { uri } }) => {
    if (execute === 'migrate') connect((uri ?? '').replace(/^unix:/, '')).end(state);
    return execute === 'query-migrate' ? { status: statuses.shift() } : {};
  });
  await saveState(qmp, target(), soon());
  expect((await readFile(target().path)).equals(state)).toBe(true);
  expect(existsSync(target().socketPath)).toBe(false);
});

it('says why QEMU could not save, and leaves no socket behind', async () => {
  await using qmp = await qemu(({ execute }) =>
    execute === 'query-migrate' ? { status: 'failed', 'error-desc': 'a device says no' } : {},
  );
  await expect(saveState(qmp, target(), soon())).rejects.toMatchObject({
    code: 'snapshot-failed',
    message: expect.stringContaining('a device says no') as string,
  });
  expect(existsSync(target().socketPath)).toBe(false);
});

it('waits for a guest to stand still, no longer than its deadline', async () => {
  const statuses = ['running', 'running', 'io-error'];
  await using qmp = await qemu(() => ({ status: statuses.shift() ?? 'running' }));
  await untilHeld(qmp, soon());
  await expect(untilHeld(qmp, soon(100))).rejects.toBeInstanceOf(DeadlinePassed);
});

it('does not wait for a QEMU that ends while it loads', async () => {
  let looks = 0;
  await using qmp = await qemu(() => {
    looks += 1;
    return looks < 3 ? { status: 'inmigrate' } : undefined;
  });
  await expect(untilLoaded(qmp, soon())).rejects.toMatchObject({ code: 'qmp-closed' });
});
