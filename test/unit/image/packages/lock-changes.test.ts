import { expect, it } from 'vitest';
import type { LockFile } from '../../../../src/image/packages/lock.ts';
import { lockChangeLines, lockChanges } from '../../../../src/image/packages/lock-changes.ts';

/** `{ tools: 'libc6=1 tar=2' }`; after a `/` another content of the same version. */
function lock(sets: Record<string, string>): LockFile {
  const packages = (text: string) =>
    text.split(' ').flatMap((one) => {
      const [name = '', version = ''] = one.split('=');
      return name === '' ? [] : [{ name, version: version.replace(/\/.*/, ''), sha256: one, bytes: 1 }];
    });
  return {
    format: 1,
    sets: Object.fromEntries(
      Object.entries(sets).map(([set, text]) => [
        set,
        { suite: 'trixie', architecture: 'amd64', packages: packages(text) },
      ]),
    ),
  };
}

it('says what is different in a lock, each change once with the sets that it is in', () => {
  const before = lock({ tools: 'libc6=1 tar=2 odd=1', system: 'libc6=1 old=3', dropped: 'tar=1' });
  const after = lock({ tools: 'libc6=2 tar=2 odd=1/x', system: 'libc6=2 fresh=1', added: 'tar=2' });
  expect(lockChangeLines(lockChanges(before, after))).toEqual([
    'fresh 1 is new (system)',
    'libc6 1 -> 2 (tools, system)',
    'odd 1 -> 1, with another content (tools)',
    'old 3 is gone (system)',
    'tar 1 is gone (dropped)',
    'tar 2 is new (added)',
  ]);
  expect(lockChanges(after, after)).toEqual([]);
});
