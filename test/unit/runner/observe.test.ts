import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandOutput } from '../../../src/guest/ssh.ts';
import { observe } from '../../../src/runner/observe.ts';
import type { Ready } from '../../../src/target/target.ts';
import { needPrograms } from '../../support/host-programs.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-observe-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A device that is this host's shell, which finds only these programs. */
async function deviceWith(...programs: string[]): Promise<Ready> {
  for (const program of programs) {
    const places = (process.env['PATH'] ?? '').split(delimiter).map((path) => join(path, program));
    await symlink(places.find((place) => existsSync(place)) ?? '', join(folder, program));
  }
  const run = (command: string) =>
    new Promise<CommandOutput>((resolve) => {
      execFile('/bin/sh', ['-c', command], { env: { PATH: folder } }, (error, stdout, stderr) =>
        resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr, truncated: false }),
      );
    });
  return { run } as Pick<Ready, 'run'> as Ready;
}

describe('the owner’s files', () => {
  needPrograms('stat', 'base64', 'hexdump');

  it.each([['base64'], ['hexdump']])('are read from a device with %s', async (program) => {
    const content = Buffer.from(Array.from({ length: 600 }, (_, i) => i % 256));
    const [path, empty, absent] = ['a b', 'empty', 'absent'].map((name) => join(folder, name));
    await writeFile(join(folder, 'a b'), content);
    await chmod(join(folder, 'a b'), 0o640);
    await writeFile(join(folder, 'empty'), '');
    const device = await deviceWith('tr', 'sed', 'stat', program);
    const subject = {
      manifest: { slots: [], releases: {} } as never,
      disks: new Map(),
      configuration: [path ?? '', empty ?? '', absent ?? ''],
    };
    const { configuration } = await observe(device, subject, 'none', AbortSignal.timeout(10_000));
    expect(configuration.map((file) => file.content)).toEqual([content, Buffer.alloc(0), undefined]);
    expect(configuration[0]?.access).toMatch(/^640 \d+:\d+$/);
  });
});
