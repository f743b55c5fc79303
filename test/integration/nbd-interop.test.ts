import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../src/core/errors.ts';
import { Arena } from '../../src/nbd/arena.ts';
import type { Disk } from '../../src/nbd/disk.ts';
import { FileDisk } from '../../src/nbd/file-disk.ts';
import { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { ReadSet } from '../../src/nbd/read-set.ts';
import { ReadSetDisk } from '../../src/nbd/read-set-disk.ts';
import { startNbdServer } from '../../src/nbd/server.ts';
import { run } from '../../src/process/run.ts';
import { WriteLog } from '../../src/writelog/log.ts';

const bytes = 8 << 20;
let folder: string;
let image: string;
let content: Buffer;

beforeEach(async (ctx) => {
  for (const program of ['nbdinfo', 'nbdcopy', 'qemu-img', 'qemu-io']) {
    try {
      await run({ program, args: ['--version'] });
    } catch (error) {
      ctx.skip(messageOf(error));
    }
  }
  folder = await mkdtemp(join(tmpdir(), 'brownout-interop-'));
  image = join(folder, 'base');
  content = randomBytes(bytes);
  await writeFile(image, content);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Serves an overlay on the image as the export `vda`, and the image itself, for reading, as `base`. */
async function serve(arenaPath = join(folder, 'arena')) {
  const base = await FileDisk.open(image);
  const arena = await Arena.create(arenaPath);
  const log = new WriteLog([{ id: 'vda', sectors: bytes / 512, cache: 'writeback' }]);
  const failures: Error[] = [];
  const overlay = new OverlayDisk(base, arena, { log, disk: 0 }, (error) => failures.push(error));
  const readSet = new ReadSet(bytes);
  const notices: string[] = [];
  const exports = new Map<string, Disk>([
    ['vda', new ReadSetDisk(overlay, readSet)],
    ['base', base],
  ]);
  const onNotice = (message: string) => notices.push(message);
  const server = await startNbdServer({ socketPath: join(folder, 'nbd'), exports, onNotice });
  const uri = (name: string) => `nbd+unix:///${name}?socket=${server.socketPath}`;
  const close = async () => {
    for (const part of [server, arena, base]) await part[Symbol.asyncDispose]();
  };
  return { server, overlay, log, failures, readSet, notices, uri, [Symbol.asyncDispose]: close };
}

const tool = (program: string, args: string[], okCodes = [0]) =>
  run({ program, args, okCodes, timeoutMs: 60_000 });

/** Runs qemu-io commands in one session with a write-back cache and discard passed through. */
function qemuIo(uri: string, commands: string[], okCodes = [0]) {
  const steps = commands.flatMap((command) => ['-c', command]);
  return tool('qemu-io', ['-f', 'raw', '-t', 'writeback', '-d', 'unmap', ...steps, uri], okCodes);
}

describe('libnbd', () => {
  it('finds the exports, their size and what they can do', async () => {
    await using served = await serve();
    const list = await tool('nbdinfo', [
      '--list',
      '--json',
      `nbd+unix://?socket=${served.server.socketPath}`,
    ]);
    const { exports, protocol, structured } = JSON.parse(list.stdout) as {
      exports: Record<string, unknown>[];
      protocol: string;
      structured: boolean;
    };
    expect([protocol, structured]).toEqual(['newstyle-fixed', true]);
    const common = { 'export-size': bytes, can_df: true, can_multi_conn: false, block_size_minimum: 1 };
    expect(exports).toMatchObject([
      {
        'export-name': 'vda',
        ...common,
        is_read_only: false,
        can_flush: true,
        can_fua: true,
        can_trim: true,
        can_zero: true,
      },
      { 'export-name': 'base', ...common, is_read_only: true },
    ]);
    expect(served.notices).toEqual([]);
  });

  it('copies out what is in, and in what is then out', async () => {
    await using served = await serve();
    const out = join(folder, 'out');
    await tool('nbdcopy', [served.uri('vda'), out]);
    expect((await readFile(out)).equals(content)).toBe(true);
    const other = randomBytes(bytes).fill(0, 1 << 20, 3 << 20);
    await writeFile(join(folder, 'in'), other);
    await tool('nbdcopy', ['--flush', '--request-size=1048576', join(folder, 'in'), served.uri('vda')]);
    await tool('nbdcopy', ['--synchronous', '--request-size=4096', served.uri('vda'), out]);
    expect((await readFile(out)).equals(other)).toBe(true);
    expect((await readFile(image)).equals(content)).toBe(true);
    const kinds = new Set(served.log.records.map(({ kind }) => kind));
    expect(kinds).toContain('write');
    expect(kinds).toContain('flush');
    expect(served.notices).toEqual([]);
  });

  it('zeroes what the source has as a hole', async () => {
    await using served = await serve();
    const sparse = join(folder, 'sparse');
    await writeFile(sparse, Buffer.alloc(4096, 1));
    await truncate(sparse, bytes);
    await tool('nbdcopy', [sparse, served.uri('vda')]);
    const out = join(folder, 'out');
    await tool('nbdcopy', [served.uri('vda'), out]);
    expect((await readFile(out)).equals(await readFile(sparse))).toBe(true);
    expect(served.log.records.some(({ kind }) => kind === 'zero' || kind === 'trim')).toBe(true);
  });
});

describe('QEMU', () => {
  it('sees the same bytes as in the file, and notices one that differs', async () => {
    await using served = await serve();
    const compare = () =>
      tool('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', image, served.uri('vda')], [0, 1]);
    expect((await compare()).exitCode).toBe(0);
    await served.overlay.write(bytes - 1, Buffer.from([(content.at(-1) ?? 0) ^ 1]), false);
    expect((await compare()).exitCode).toBe(1);
    const info = await tool('qemu-img', ['info', '--output=json', served.uri('vda')]);
    expect(JSON.parse(info.stdout)).toMatchObject({ 'virtual-size': bytes, format: 'raw' });
  });

  it('writes, zeroes, discards, forces and flushes, each as a request of its own', async () => {
    await using served = await serve();
    const result = await qemuIo(served.uri('vda'), [
      'write -P 0xab 64k 64k',
      'write -z 68k 8k',
      'write -z -u 80k 4k',
      'discard 96k 4k',
      'write -f -P 0x11 100k 512',
      'flush',
      'read -P 0xab 64k 4k',
      'read -P 0 68k 8k',
      'read -P 0 80k 4k',
      'read -P 0 96k 4k',
      'read -P 0x11 100k 512',
      'read -P 0xab 102912 512',
    ]);
    expect(result.stdout).not.toContain('failed');
    const seen = served.log.records.map(
      ({ kind, fua, sector, count }) => `${kind}${fua ? '+fua' : ''} ${sector}+${count}`,
    );
    expect(seen.slice(0, 6)).toEqual([
      'write 128+128',
      'zero 136+16',
      'zero 160+8',
      'trim 192+8',
      'write+fua 200+1',
      'flush 0+0',
    ]);
    expect(served.log.records.every(({ completed }) => completed !== undefined)).toBe(true);
    expect(served.readSet.blocksRead().recovered).toEqual([]);
    expect(served.notices).toEqual([]);
  });

  it('forces every write in write-through mode', async () => {
    await using served = await serve();
    const args = ['-f', 'raw', '-t', 'writethrough', '-c', 'write -P 1 0 4k', served.uri('vda')];
    await tool('qemu-io', args);
    expect(served.log.records[0]).toMatchObject({ kind: 'write', fua: true, sector: 0, count: 8 });
  });

  it('writes and reads bytes that are no sectors', async () => {
    await using served = await serve();
    const commands = [
      'write -P 7 777 3',
      'write -z 5000 700',
      'discard 9000 1500',
      'read -P 7 777 3',
      'read -P 0 5000 700',
    ];
    const result = await qemuIo(served.uri('vda'), commands);
    expect(result.stdout).not.toContain('failed');
    const model = Buffer.from(content).fill(7, 777, 780).fill(0, 5000, 5700);
    const got = await served.overlay.read(0, 9000);
    expect(got.equals(model.subarray(0, 9000))).toBe(true);
    expect((await served.overlay.read(12_000, 4096)).equals(model.subarray(12_000, 16_096))).toBe(true);
  });

  it('is served many requests at once', async () => {
    await using served = await serve();
    const bench = (...args: string[]) =>
      tool('qemu-img', ['bench', '-f', 'raw', '-c', '2000', '-d', '32', ...args, served.uri('vda')]);
    await bench('-w', '-s', '4096', '-S', '12288', '--pattern=90', '--flush-interval=50');
    await bench('-s', '65536');
    expect(served.log.records.filter(({ kind }) => kind === 'flush').length).toBeGreaterThan(30);
    expect(served.notices).toEqual([]);
  });

  it('is told that a read-only disk is one', async () => {
    await using served = await serve();
    expect((await qemuIo(served.uri('base'), ['write 0 512'], [0, 1])).stderr).toContain('Permission denied');
    expect(
      (await tool('qemu-io', ['-r', '-f', 'raw', '-c', 'read 0 64k', served.uri('base')])).stdout,
    ).toContain('65536/65536');
  });

  it('is told that the host disk is full', async () => {
    await using served = await serve('/dev/full');
    const result = await qemuIo(served.uri('vda'), ['write 0 4k', 'read 0 4k'], [0, 1]);
    expect(result.stdout + result.stderr).toContain('No space left on device');
    expect(result.stdout).toContain('read 4096/4096');
    expect(served.failures).toMatchObject([{ code: 'ENOSPC' }]);
    expect(served.notices).toEqual([expect.stringContaining('ENOSPC')]);
  });
});

it('cuts every client off at a power cut and serves the next boot', async () => {
  await using served = await serve();
  const endless = tool(
    'qemu-img',
    ['bench', '-w', '-f', 'raw', '-c', '100000000', '-s', '4096', served.uri('vda')],
    [0, 1],
  );
  await expect.poll(() => served.log.records.length, { timeout: 20_000 }).toBeGreaterThan(100);
  await served.server.dropAll();
  const logged = served.log.records.length;
  expect((await endless).exitCode).toBe(1);
  expect(served.log.records).toHaveLength(logged);
  expect(served.log.records.every(({ completed }) => completed !== undefined)).toBe(true);
  expect((await tool('qemu-io', ['-f', 'raw', '-c', 'read 0 4k', served.uri('vda')])).stdout).toContain(
    'read 4096/4096',
  );
});
