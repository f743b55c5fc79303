import { expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { digestsOfSlot } from '../../../src/device/identity-by-slots.ts';
import type { ReleaseSpec } from '../../../src/model/image.ts';
import { MemoryDisk } from '../nbd/memory-disk.ts';

const slotBytes = 3 << 20;
/** Releases of several lengths, as those of slots that are squashfs; one of them is longer than a slot. */
const contents = {
  '1.0': Buffer.alloc(slotBytes, 'one'),
  '2.0': Buffer.alloc((1 << 20) + 512, 'two'),
  '3.0': Buffer.alloc(1024, 'three'),
  '9.0': Buffer.alloc(slotBytes + 512, 'nine'),
};
const releases = Object.fromEntries(
  Object.entries(contents).map(([version, bytes]): [string, ReleaseSpec] => [
    version,
    { version, content: { kind: 'slot', sha256: sha256(bytes), bytes: bytes.length }, bundles: {} },
  ]),
);

it.each(['1.0', '2.0', '3.0'] as const)(
  'a slot is told by as many of its bytes as %s has, whatever was there before',
  async (version) => {
    const disk = new MemoryDisk(4 << 20);
    await disk.write(512, Buffer.alloc(slotBytes, 'before'), true);
    await disk.write(512, Buffer.from(contents[version]), true);
    const slot = { name: 'A', disk: 'main', offset: 512, length: slotBytes, root: '/dev/vda2' };
    const digests = await digestsOfSlot(slot, disk, releases);
    expect([...digests.keys()].sort()).toEqual([1024, (1 << 20) + 512, slotBytes].sort());
    expect(digests.get(contents[version].length)).toBe(sha256(contents[version]));
  },
);
