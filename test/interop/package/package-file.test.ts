import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bufferSource } from '../../../src/package/archive/byte-source.ts';
import { Damage } from '../../../src/package/archive/damage.ts';
import { type NewPackage, writePackage } from '../../../src/package/control/write-package.ts';
import { filesFrom } from '../../../src/package/packaged-files.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { expectSame } from '../../unit/package/read-again.ts';
import { smallPackage } from '../../unit/package/small-package.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-package-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('xz, zst, bz2 and lz4', () => {
  needPrograms('xz', 'zstd', 'bzip2', 'lz4');

  it.each(['xz', 'zst', 'bz2', 'lz4'] as const)('%s is read again', async (compression) => {
    const made = smallPackage('a', '1.0');
    await expectSame(made, await writePackage(made, { compression }));
  });

  it.each([
    ['xz', /^data\.tar\.xz \(at byte \d+\): xz: .*(corrupt|end of input)/i],
    ['zst', /^data\.tar\.zst \(at byte \d+\): .*(corrupt|checksum|premature|error)/i],
    ['bz2', /^data\.tar\.bz2 \(at byte \d+\): bzip2/],
    ['lz4', /^data\.tar\.lz4 \(at byte \d+\): Error \d+/],
  ] as const)('damaged %s is told', async (compression, message) => {
    const bytes = await writePackage(smallPackage('a', '1.0'), { compression });
    bytes.fill(0x55, bytes.length - 60, bytes.length - 4);
    await expect(filesFrom(bufferSource(bytes))).rejects.toThrow(message);
    await expect(filesFrom(bufferSource(bytes))).rejects.toThrow(Damage);
  });

  it('ends the decompressor when nobody reads on', async () => {
    const content = Buffer.alloc(8 << 20, 'x');
    const big: NewPackage = {
      ...smallPackage('a', '1.0'),
      files: [
        { path: '/../x', type: 'file', mode: 0o644, content: Buffer.alloc(0) },
        { path: '/big', type: 'file', mode: 0o644, content },
      ],
    };
    const source = bufferSource(await writePackage(big, { compression: 'xz' }));
    await expect(filesFrom(source)).rejects.toThrow('the path "./../x" leads out of the package');
  });
});
