import { describe, expect, it } from 'vitest';
import { assertSame, type Kept, type Noted } from '../../../src/conform/kept.ts';

const noted = (values: Partial<Record<Kept, Record<string, string>>>): Noted =>
  new Map(
    Object.entries(values).map(([what, found]) => [what as Kept, new Map(Object.entries(found))] as const),
  );

describe('what must be as it was', () => {
  it.each<[Kept, Record<string, string>, Record<string, string>, string, string]>([
    [
      'other slot',
      { B: '1' },
      { B: '2' },
      'slot-written',
      'a slot was written to, though nothing was to be installed: B',
    ],
    [
      'environment',
      { '0 tries': '3' },
      { '0 tries': '2' },
      'environment-changed',
      'the boot loader\'s environment is not what it was: tries was "3", is "2"',
    ],
    [
      'identity',
      { '/etc/machine-id': 'a' },
      {},
      'identity-lost',
      'the device is not known to others any more as what it was: /etc/machine-id was "a", is absent',
    ],
    [
      'room',
      { '/data': '2000' },
      { '/data': '3025' },
      'room-lost',
      'more than 1024 KiB were left behind: /data was "2000", is "3025"',
    ],
  ])('says that %s is not', (what, before, now, code, message) => {
    const act = () => assertSame(noted({ [what]: before }), noted({ [what]: now }), [what]);
    expect(act).toThrow(expect.objectContaining({ kind: 'device', code, message }));
    expect(assertSame(noted({ [what]: before }), noted({ [what]: before }), [what])).toEqual([]);
  });

  it('knows the slot that ran by its name, also where the other one runs now', () => {
    const before = noted({ 'slot that ran': { A: '1' }, 'other slot': { B: '2' } });
    const now = (bytes: string) => noted({ 'slot that ran': { B: '9' }, 'other slot': { A: bytes } });
    expect(assertSame(before, now('1'), ['slot that ran'])).toEqual([]);
    expect(() => assertSame(before, now('3'), ['slot that ran'])).toThrow(
      'the slot that ran was written to: A',
    );
  });

  it('lets a device grow a little, and names what could not be compared', () => {
    const grown = noted({ room: { '/data': '3024' } });
    expect(assertSame(noted({ room: { '/data': '2000' } }), grown, ['room', 'identity'])).toEqual([
      'identity',
    ]);
  });
});
