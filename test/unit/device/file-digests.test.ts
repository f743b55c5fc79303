import { expect, it } from 'vitest';
import { fileDigests } from '../../../src/device/file-digests.ts';
import type { Ready } from '../../../src/target/target.ts';

/** A device that takes a while for each file, and says what it was given. */
function device(limits: number[], answer: (paths: string) => string): Pick<Ready, 'run'> {
  return {
    run: (_, { deadline, input }) => {
      limits.push(deadline.limitMs);
      const stdout = answer(String(input));
      return Promise.resolve({ exitCode: 0, stdout, stderr: '', truncated: false });
    },
  };
}
const never = new AbortController().signal;
const noAnswer = { failed: () => new Error('failed'), late: () => new Error('late') };

it('a device with many files has the longer to show them', async () => {
  const limits: number[] = [];
  const slow = device(limits, () => '');
  await fileDigests(slow, ['/etc/hosts'], never, noAnswer);
  await fileDigests(
    slow,
    Array.from({ length: 12_000 }, (_, i) => `/usr/lib/${i}`),
    never,
    noAnswer,
  );
  const [few = 0, many = 0] = limits;
  expect(few).toBeLessThan(130_000);
  expect(many).toBeGreaterThan(600_000);
});

it('a file whose name has a backslash is found, however the device prints it', async () => {
  const path = '/lib/system-systemd\\x2dcryptsetup.slice';
  const sha256 = 'a'.repeat(64);
  for (const line of [`${sha256}  ${path}`, `\\${sha256}  ${path.replace('\\', '\\\\')}`])
    expect(
      await fileDigests(
        device([], () => `${line}\n`),
        [path, '/gone'],
        never,
        noAnswer,
      ),
    ).toEqual(
      new Map([
        [path, sha256],
        ['/gone', undefined],
      ]),
    );
});
