import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinOptions, nbdNode, splitOptions } from '../../../src/qemu/options.ts';

describe('the parts of an option', () => {
  it('are taken apart as they are put together', () => {
    expect(splitOptions('virtio-blk-pci,drive=a,,b,x=')).toEqual([
      ['virtio-blk-pci'],
      ['drive', 'a,b'],
      ['x', ''],
    ]);
    const key = fc.stringMatching(/^[a-z][a-z.-]*$/);
    const value = fc.string().filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { minLength: 1 }), (parts) => {
        expect(splitOptions(joinOptions(parts))).toEqual(parts);
      }),
    );
  });

  it('name an NBD export, whatever its path', () =>
    expect(nbdNode('disk-main', { socketPath: '/a,b', exportName: 'main' })).toBe(
      'driver=nbd,node-name=disk-main,discard=unmap,server.type=unix,server.path=/a,,b,export=main',
    ));
});
