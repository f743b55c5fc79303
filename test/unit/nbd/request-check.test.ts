import { describe, expect, it } from 'vitest';
import type { Disk } from '../../../src/nbd/disk.ts';
import { DiskError } from '../../../src/nbd/disk.ts';
import { blockSize, command, commandFlag } from '../../../src/nbd/protocol.ts';
import { checkRequest, errorNameOf } from '../../../src/nbd/request-check.ts';
import type { Request } from '../../../src/nbd/transmission-codec.ts';
import { MemoryDisk } from './memory-disk.ts';

const disk = new MemoryDisk(1 << 20);
const good: Request = { flags: 0, command: command.read, cookie: 1n, offset: 0n, length: 512 };

function problem(change: Partial<Request>, on: Disk = disk, structured = true): string | undefined {
  return checkRequest({ ...good, ...change }, on, structured)?.error;
}

describe('checkRequest', () => {
  it('accepts every command that is advertised, up to the last byte', () => {
    expect(problem({})).toBeUndefined();
    expect(problem({ offset: (1n << 20n) - 1n, length: 1 })).toBeUndefined();
    expect(problem({ command: command.write, flags: commandFlag.fua })).toBeUndefined();
    expect(problem({ command: command.trim, flags: commandFlag.fua })).toBeUndefined();
    expect(
      problem({ command: command.writeZeroes, flags: commandFlag.fua | commandFlag.noHole }),
    ).toBeUndefined();
    expect(problem({ command: command.flush, length: 0, flags: commandFlag.fua })).toBeUndefined();
    expect(problem({ flags: commandFlag.fua | commandFlag.df })).toBeUndefined();
  });

  it.each<[string, Partial<Request>]>([
    ['one byte past the end', { offset: (1n << 20n) - 511n }],
    ['an offset that wraps around', { offset: 2n ** 64n - 1n }],
    ['an offset beyond 2^53', { offset: 2n ** 60n }],
    ['no length', { length: 0 }],
    ['an unknown command', { command: 99 }],
    ['BLOCK_STATUS, which was not negotiated', { command: 7 }],
    ['an unknown flag', { flags: 0x8000 }],
    ['FAST_ZERO, which is not advertised', { command: command.writeZeroes, flags: 16 }],
    ['DF on a write', { command: command.write, flags: commandFlag.df }],
    ['a flush with a range', { command: command.flush }],
    ['a trim past the end', { command: command.trim, length: 0xffffffff }],
  ])('refuses %s with EINVAL', (_, change) => {
    expect(problem(change)).toBe('EINVAL');
  });

  it.each<[string, Partial<Request>]>([
    ['a write', { command: command.write, offset: (1n << 20n) - 511n }],
    ['a write that wraps around', { command: command.write, offset: 2n ** 64n - 1n }],
    ['zeroes', { command: command.writeZeroes, length: 0xffffffff }],
  ])('refuses %s past the end with ENOSPC', (_, change) => {
    expect(problem(change)).toBe('ENOSPC');
  });

  it('limits transfers, not trims, to the advertised size', () => {
    const large = new MemoryDisk(512, 2 ** 40);
    expect(problem({ length: blockSize.maximum }, large)).toBeUndefined();
    expect(problem({ length: blockSize.maximum + 1 }, large)).toBe('EINVAL');
    expect(problem({ command: command.write, length: blockSize.maximum + 1 }, large)).toBe('EINVAL');
    expect(problem({ command: command.trim, length: 0xfffffe00 }, large)).toBeUndefined();
  });

  it('wants structured replies for DF', () => {
    expect(problem({ flags: commandFlag.df }, disk, false)).toBe('EINVAL');
  });

  it('refuses to write a read-only disk', () => {
    const readOnly: Disk = Object.assign(new MemoryDisk(1 << 20), { readOnly: true });
    expect(problem({ command: command.write }, readOnly)).toBe('EPERM');
    expect(problem({}, readOnly)).toBeUndefined();
  });
});

describe('errorNameOf', () => {
  it('keeps what NBD knows and makes the rest EIO', () => {
    expect(errorNameOf(new DiskError('ENOSPC', ''))).toBe('ENOSPC');
    expect(errorNameOf(new DiskError('EDQUOT', ''))).toBe('ENOSPC');
    expect(errorNameOf(new DiskError('EROFS', ''))).toBe('EPERM');
    expect(errorNameOf(new DiskError('EBADF', ''))).toBe('EIO');
    expect(errorNameOf(new DiskError('toString', ''))).toBe('EIO');
    expect(errorNameOf('text')).toBe('EIO');
  });
});
