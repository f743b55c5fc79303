import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchConsole } from '../../../src/guest/console.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  path = join(folder, 'console.log');
});

afterEach(() => rm(folder, { recursive: true }));

it('follows a log that appears later, and tells findings as they come', async () => {
  await using watch = watchConsole(path);
  const told: string[] = [];
  watch.onFinding(({ sign, line }) => void told.push(`${sign}: ${line}`));
  await watch.catchUp();
  await writeFile(path, 'booting\nOops: 0000 [#1]\nKernel pan');
  await watch.catchUp();
  expect(watch.finding('panic')).toBeUndefined();
  expect(watch.tail(2)).toEqual(['Oops: 0000 [#1]', 'Kernel pan']);
  await appendFile(path, 'ic - not syncing: VFS\nOops: 0001 [#2]\n');
  await watch.catchUp();
  expect(told).toEqual([
    'oops: Oops: 0000 [#1]',
    'panic: Kernel panic - not syncing: VFS',
    'oops: Oops: 0001 [#2]',
  ]);
  expect(watch.finding('oops')).toBe('Oops: 0000 [#1]');
});

it('looks by itself', async () => {
  await using watch = watchConsole(path);
  const found = new Promise((resolve) => watch.onFinding(({ sign }) => resolve(sign)));
  await writeFile(path, 'Kernel panic - not syncing: x\n');
  expect(await found).toBe('panic');
});

it('takes in everything that was written before its end', async () => {
  await writeFile(path, `${'noise\n'.repeat(400_000)}Kernel panic - not syncing: late\n`);
  const watch = watchConsole(path);
  await watch.catchUp();
  expect(watch.finding('panic')).toContain('late');
  expect(watch.tail(1000).length).toBeLessThanOrEqual(200);
  await watch[Symbol.asyncDispose]();
  await watch[Symbol.asyncDispose]();
});

it('begins a log anew that has grown too large', async () => {
  await writeFile(path, 'noise\n'.repeat(1000));
  await using watch = watchConsole(path, 5000);
  await watch.catchUp();
  await watch.catchUp();
  await appendFile(path, 'Kernel panic - not syncing: late\n');
  await watch.catchUp();
  expect(watch.finding('panic')).toContain('late');
  expect(await readFile(path, 'utf8')).toBe('Kernel panic - not syncing: late\n');
});

it('keeps what was found since power-on, by severity and within bounds', async () => {
  await using watch = watchConsole(path);
  const warning = 'WARNING: CPU: 0 PID: 1 at kernel/softirq.c:376 __local_bh_enable_ip+0x74/0x8c\n';
  const error = 'EXT4-fs error (device vda3): ext4_lookup:1855: inode #12: comm cat: iget: bad inode\n';
  await writeFile(path, `${warning.repeat(5000)}${error}noise\n${'Oops: 0000 [#1]\n'.repeat(60)}`);
  await appendFile(path, 'Kernel panic - not syncing: Fatal exception\n');
  await watch.catchUp();
  expect(watch.findings('warning')).toHaveLength(50);
  expect(watch.findings('file-system')).toEqual([
    { severity: 'file-system', sign: undefined, line: error.trim() },
  ]);
  expect(watch.findings('fatal')).toHaveLength(50);
  expect(
    watch
      .findings()
      .map(({ severity }) => severity)
      .indexOf('file-system'),
  ).toBe(50);
  // What a boot is judged by is never crowded out.
  expect(watch.finding('panic')).toBe('Kernel panic - not syncing: Fatal exception');
});
