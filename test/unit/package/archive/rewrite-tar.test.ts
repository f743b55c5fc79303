import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Damage } from '../../../../src/package/archive/damage.ts';
import { rewriteTar } from '../../../../src/package/archive/rewrite-tar.ts';
import { packTar } from '../../../../src/package/archive/tar.ts';
import { anyPackage } from '../small-package.ts';
import { all, listing, rewrite } from './tar-pieces.ts';

describe('rewriting any tar', () => {
  it('gives the same bytes where nothing is edited, however they come in', async () => {
    await fc.assert(
      fc.asyncProperty(anyPackage, fc.integer({ min: 1, max: 5000 }), async ({ files }, length) => {
        const bytes = await all(packTar(files, 7));
        expect((await rewrite(bytes, {}, length)).equals(bytes)).toBe(true);
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('gives what writing the edited entries would', async () => {
    await fc.assert(
      fc.asyncProperty(anyPackage, fc.uint8Array({ maxLength: 1200 }), async ({ files }, bytes) => {
        const [first] = files;
        fc.pre(first?.type === 'file' && files.filter(({ path }) => path === first.path).length === 1);
        const content = Buffer.from(bytes);
        const edited = files.map((file) => (file === first ? { ...first, content, mode: 0o751 } : file));
        const edit = { changed: new Map([[first.path, { content: () => content, mode: 0o751 }]]) };
        const made = await rewrite(await all(packTar(files, 7)), edit);
        expect(await listing(made)).toEqual(await listing(await all(packTar(edited, 7))));
        const without = await rewrite(await all(packTar(files, 7)), { drops: (path) => path === first.path });
        expect(without.equals(await all(packTar(files.slice(1), 7)))).toBe(true);
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});

describe('a damaged tar', () => {
  const tar = () =>
    all(packTar([{ path: './a', type: 'file', mode: 0o644, content: Buffer.alloc(2000, 'x') }], 0));

  it.each([
    ['ends within an entry', (bytes: Buffer) => bytes.subarray(0, 1500), /ends within an entry/],
    [
      'has no header',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 2560), bytes.subarray(600, 1200)]),
      /not the header/,
    ],
    [
      'has a wrong checksum',
      (bytes: Buffer) => Buffer.concat([Buffer.from('zz'), bytes.subarray(2)]),
      /not the header/,
    ],
  ])('%s', async (_, damage, message) => {
    const bytes = damage(await tar());
    await expect(rewrite(bytes, {})).rejects.toThrow(message);
    await expect(rewrite(bytes, {})).rejects.toBeInstanceOf(Damage);
  });

  it('is refused where a path leads out of the package', async () => {
    const bytes = await all(packTar([{ path: '../a', type: 'directory', mode: 0o755 }], 0));
    await expect(rewrite(bytes, {})).rejects.toThrow(/leads out/);
  });

  it('ends what it is read from', async () => {
    let ended = false;
    async function* source() {
      try {
        yield await Promise.resolve(Buffer.alloc(512, 1));
        yield Buffer.alloc(512, 1);
      } finally {
        ended = true;
      }
    }
    await expect(all(rewriteTar(source(), {}))).rejects.toThrow(Damage);
    expect(ended).toBe(true);
  });
});
