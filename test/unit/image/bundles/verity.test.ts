import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/digest.ts';
import { verityTree } from '../../../../src/image/bundles/verity.ts';

const salt = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
const data = (blocks: number) =>
  Buffer.from(Array.from({ length: blocks * 4096 }, (_, i) => (i * 7 + (i >> 12)) & 0xff));

// Expected values: veritysetup 2.6.1 format --no-superblock --hash sha256, 4096-byte blocks, the same salt.
describe('verityTree', () => {
  it('agrees with veritysetup on two levels', () => {
    const { rootHash, tree } = verityTree(data(200), salt);
    expect(rootHash).toBe('6a575fc9099894005da7c57b40c12ae9a2d3d7b4babd8830633214f15d0334ae');
    expect(tree.length).toBe(12_288);
    expect(sha256(tree)).toBe('dd28da49b75059f1909aa8ffc887082a46aa30d2cae053251e135db35ecafe7b');
  });

  it('needs no tree for a single block', () => {
    const { rootHash, tree } = verityTree(data(1), salt);
    expect(rootHash).toBe('eee909f9d54811794e71fa2e24cbb534ac53733d17501199f3a203e1b761bda1');
    expect(tree.length).toBe(0);
  });

  it('refuses parts of blocks', () => {
    expect(() => verityTree(Buffer.alloc(4097), salt)).toThrow(RangeError);
    expect(() => verityTree(Buffer.alloc(0), salt)).toThrow(RangeError);
  });
});
