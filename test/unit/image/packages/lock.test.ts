import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type LockFile,
  lockedSetOf,
  parseLock,
  readLock,
  writeLock,
} from '../../../../src/image/packages/lock.ts';
import { chooseVersion } from '../../../../src/image/packages/packages.ts';
import { withCode } from '../../../support/errors.ts';

const one = { name: 'rauc', version: '1.13-3', sha256: 'a'.repeat(64), bytes: 5 };
const lock: LockFile = {
  format: 1,
  sets: { tools: { suite: 'trixie', architecture: 'amd64', packages: [one] } },
};

describe('lock files', () => {
  it('are read as written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brownout-lock-'));
    try {
      await writeLock(join(folder, 'lock.json'), lock);
      expect(await readLock(join(folder, 'lock.json'))).toEqual(lock);
      await expect(readLock(join(folder, 'none.json'))).rejects.toMatchObject({
        kind: 'scenario',
        code: 'lock-missing',
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are refused when they are not what they should be', () => {
    const broken = [
      '{',
      '{}',
      JSON.stringify({ ...lock, format: 2 }),
      JSON.stringify(lock).replace('aaaa', 'zzzz'),
      JSON.stringify(lock).replace('"bytes":5', '"bytes":-5'),
    ];
    for (const text of broken)
      expect(() => parseLock(text, 'x/lock.json')).toThrow(
        withCode('lock-invalid', 'x/lock.json is not a lock file'),
      );
  });

  it('name the purpose that is missing', () => {
    expect(lockedSetOf(lock, 'tools', 'x')).toBe(lock.sets['tools']);
    expect(() => lockedSetOf(lock, 'qemuarm64/kernel', 'x/lock.json')).toThrow(
      withCode('lock-outdated', 'x/lock.json has no packages for qemuarm64/kernel'),
    );
  });
});

describe('chooseVersion', () => {
  const newer = { ...one, version: '1.13-4', sha256: 'b'.repeat(64) };

  it('takes the locked version where the mirror has it, even if it is not the newest', () => {
    expect(chooseVersion(one, [newer, one], 'trixie').found).toEqual(one);
  });

  it('takes the newest where the locked one is gone', () => {
    expect(chooseVersion(one, [newer], 'trixie').found).toEqual(newer);
  });

  it('refuses a version whose content changed, and a package that is gone', () => {
    expect(() => chooseVersion(one, [{ ...one, sha256: 'c'.repeat(64) }], 'trixie')).toThrow(
      expect.objectContaining({ code: 'package-changed' }) as Error,
    );
    expect(() => chooseVersion(one, [{ ...newer, name: 'other' }], 'trixie')).toThrow(
      expect.objectContaining({ code: 'package-missing' }) as Error,
    );
  });
});
