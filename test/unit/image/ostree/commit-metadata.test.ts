import { describe, expect, it } from 'vitest';
import { commitMetadata } from '../../../../src/image/ostree/commit-metadata.ts';

describe("a commit's detached metadata", () => {
  it('is what GLib writes for a dictionary with one list of signatures', () => {
    // python3-gi: GLib.Variant('a{sv}', {'ostree.gpgsigs': GLib.Variant('aay', [b'abc'])}).get_data_as_bytes()
    const one = Buffer.concat([
      Buffer.from('ostree.gpgsigs\0\0'),
      Buffer.from('abc\x03'),
      Buffer.from('\0aay'),
      Buffer.from([15, 25]),
    ]);
    expect(commitMetadata([Buffer.from('abc')])).toEqual(one);
  });

  it('notes the ends of long signatures in wider numbers', () => {
    const [first, second] = [Buffer.alloc(300, 1), Buffer.alloc(70_000, 2)];
    const made = commitMetadata([first, second]);
    const list = Buffer.alloc(8);
    list.writeUInt32LE(300, 0);
    list.writeUInt32LE(70_300, 4);
    const value = Buffer.concat([first, second, list, Buffer.from('\0aay')]);
    const entry = Buffer.concat([Buffer.from('ostree.gpgsigs\0\0'), value, Buffer.from([15, 0, 0, 0])]);
    const end = Buffer.alloc(4);
    end.writeUInt32LE(entry.length);
    expect(made.equals(Buffer.concat([entry, end]))).toBe(true);
  });
});
