import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { CommandOutput } from '../../../src/core/ask.ts';
import { observe } from '../../../src/device/observe.ts';
import type { SlotSpec } from '../../../src/model/image.ts';

const slots: SlotSpec[] = ['A', 'B'].map((name, i) => ({
  name,
  disk: 'main',
  offset: 0,
  length: 512,
  root: `/dev/vda${i + 2}`,
}));

/** What is seen of a device whose command line and whose mounts are these, by a real shell. */
async function seen(
  commandLine: string,
  mounts: string,
): Promise<{ root: string; slot: string | undefined }> {
  const run = (script: string): Promise<CommandOutput> => {
    const input = script
      .replace('/proc/cmdline', '/dev/fd/8')
      .replace('/proc/mounts', '/dev/fd/9')
      .replace('/etc/os-release', '/dev/null');
    const files = `exec 8<<'CMDLINE' 9<<'MOUNTS'\n${commandLine}\nCMDLINE\n${mounts}\nMOUNTS\n`;
    const { status, stdout, stderr } = spawnSync('bash', ['-s'], { encoding: 'utf8', input: files + input });
    return Promise.resolve({ exitCode: status ?? 1, stdout, stderr, truncated: false });
  };
  const { root, slot } = await observe(
    { run },
    { manifest: { slots }, configuration: [] },
    new AbortController().signal,
  );
  return { root, slot };
}

it.each([
  ['quiet root=/dev/vda3 ro', 'overlay / overlay rw', { root: '/dev/vda3', slot: 'B' }],
  [
    'root=PARTLABEL=root_2.0 ro',
    'none /proc proc rw\n/dev/vda2 / ext4 ro\n/dev/vda3 /mnt ext4 ro',
    { root: '/dev/vda2', slot: 'A' },
  ],
  ['root=LABEL=x', '/dev/sda1 / ext4 ro', { root: 'LABEL=x', slot: undefined }],
  ['quiet', '', { root: 'nowhere', slot: undefined }],
])('a slot is told by the command line, or by what is mounted: %s', async (commandLine, mounts, expected) => {
  expect(await seen(commandLine, mounts)).toEqual(expected);
});
