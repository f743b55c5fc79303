import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CleanupStack } from '../../../src/core/cleanup.ts';
import { Deadline } from '../../../src/core/deadline.ts';
import { QmpClient } from '../../../src/qemu/qmp.ts';
import { SnapshotBoot } from '../../../src/target/snapshot-boot.ts';
import { SnapshotStore } from '../../../src/target/target.ts';

it('blames the harness where QEMU has loaded a snapshot and does not run on', async () => {
  await using stack = new CleanupStack();
  const folder = await mkdtemp(join(tmpdir(), 'brownout-snapshot-boot-'));
  stack.defer('folder', () => rm(folder, { recursive: true }));
  const server = createServer((socket) => {
    socket.write('{"QMP": {}}\n');
    socket.on('data', (chunk) => {
      const { execute, id } = JSON.parse(chunk.toString()) as { execute: string; id: number };
      const answer = execute === 'cont' ? { error: { desc: 'Block node is read-only' } } : { return: {} };
      socket.write(`${JSON.stringify({ ...answer, id })}\n`);
    });
  }).listen(join(folder, 'qmp'));
  stack.defer('server', () => {
    server.close();
  });
  const qmp = stack.use(
    'QMP',
    await QmpClient.connect(join(folder, 'qmp'), { deadline: Deadline.after(3000) }),
  );
  const onNotice = () => undefined;
  const store = stack.use(
    'snapshots',
    await SnapshotStore.create({ folder: join(folder, 'store'), isHot: () => true, onNotice }),
  );
  const prologue = { reads: [], changes: [] };
  const rest = { prologue, trace: 1n, machineKey: 'm', console: Buffer.alloc(0), networkUp: true };
  await store.keep(() => Promise.resolve({ ...rest, cpuSeconds: 1 }), rest);
  const boot = await SnapshotBoot.prepare({
    store,
    machineKey: 'm',
    disks: [],
    consolePath: join(folder, 'console'),
    socketPath: join(folder, 'state'),
    signal: new AbortController().signal,
    onNotice,
    onBroken: onNotice,
  });
  expect(boot.snapshot).toBeDefined();
  await expect(boot.resume({ qmp })).rejects.toMatchObject({
    kind: 'harness',
    code: 'restore-failed',
    message: expect.stringContaining('Block node is read-only') as string,
  });
  expect(store.counts.restored).toBe(0);
});
