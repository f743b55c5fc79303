import { expect, it } from 'vitest';
import type { CommandOutput, Shell } from '../../../src/core/ask.ts';
import { DeadlinePassed } from '../../../src/core/deadline.ts';
import { mountedExt4 } from '../../../src/device/mounted-ext4.ts';

const { signal } = new AbortController();
const answers = (output: Partial<CommandOutput>): Shell => ({
  run: () => Promise.resolve({ exitCode: 0, stdout: '', stderr: '', truncated: false, ...output }),
});

it('lists what the kernel has a folder for', async () => {
  const mounted = await mountedExt4(answers({ stdout: 'features vda2 vda4\n' }), signal);
  expect(mounted.has('vda4')).toBe(true);
  expect(mounted.has('vda3')).toBe(false);
});

it.each([
  ['observe-failed', answers({ exitCode: 1, stderr: 'cd: /sys/fs/ext4: No such file or directory' })],
  ['observe-timeout', { run: () => Promise.reject(new DeadlinePassed('asking', 1000)) }],
])('fails the device where it does not tell: %s', async (code, shell) => {
  await expect(mountedExt4(shell, signal)).rejects.toMatchObject({ code });
});
