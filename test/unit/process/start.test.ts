import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startChild } from '../../../src/process/start.ts';

let folder: string;
let logPath: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-'));
  logPath = join(folder, 'log');
});

afterEach(() => rm(folder, { recursive: true }));

it('keeps what the child says, and its exit code', async () => {
  for (const word of ['one', 'two']) {
    const child = await startChild({
      program: 'sh',
      args: ['-c', `echo ${word}; echo oh >&2; exit 3`],
      logPath,
    });
    expect(await child.exited).toEqual({ code: 3, signal: undefined, message: undefined });
  }
  expect(await readFile(logPath, 'utf8')).toBe('one\noh\ntwo\noh\n');
});

it('tells a signal from an exit', async () => {
  const child = await startChild({ program: 'sleep', args: ['60'], logPath });
  child.kill('SIGKILL');
  expect(await child.exited).toEqual({ code: undefined, signal: 'SIGKILL', message: undefined });
});

it('asks the kernel to end the child with its parent', async () => {
  const child = await startChild({ program: 'setpriv', args: ['--dump'], logPath });
  await child.exited;
  expect(await readFile(logPath, 'utf8')).toMatch(/Parent death signal: (KILL|9)/i);
});

it('fails with a code and a reason when the program is absent', async () => {
  const child = await startChild({ program: '/absent/program', args: [], logPath });
  expect((await child.exited).code).not.toBe(0);
  expect(await readFile(logPath, 'utf8')).toContain('/absent/program');
});
