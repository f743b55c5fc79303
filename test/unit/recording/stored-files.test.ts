import { describe, expect, it } from 'vitest';
import { parseStored } from '../../../src/core/stored.ts';
import { filesSchema, restoreFiles, storeFiles } from '../../../src/recording/stored-files.ts';

const read = (value: unknown) => restoreFiles(parseStored(JSON.stringify(value), filesSchema));

describe("the owner's files as JSON", () => {
  it('are what they were', () => {
    const bytes = Buffer.from([0, 10, 255]);
    const files = [
      {
        path: '/etc/a',
        content: bytes,
        access: '644 0:0',
        links: 'kept' as const,
        found: Buffer.alloc(0),
        copies: [{ suffix: '-opkg', content: bytes }],
      },
      {
        path: '/etc/b',
        content: undefined,
        access: undefined,
        links: 'followed' as const,
        found: undefined,
        copies: [],
      },
      {
        path: '/etc/c',
        kind: 'link' as const,
        content: Buffer.from('a'),
        behind: bytes,
        access: '777 0:0',
        attributes: 'user.a=0x00',
        links: 'both' as const,
        found: undefined,
        copies: [{ suffix: '.rpmsave', kind: 'link' as const, content: bytes }],
      },
    ];
    expect(read(storeFiles(files))).toEqual(files);
  });

  const old = { path: '/etc/a', content: 'YQ==', access: '644 0:0' };

  it('of programs that noted less are read as these looked at them: behind links', () => {
    const file = { path: '/etc/a', content: Buffer.from('a'), access: '644 0:0' };
    expect(read([old])).toEqual([{ ...file, links: 'followed', found: undefined, copies: [] }]);
  });

  it.each([
    [{ ...old, content: 'Y' }, '[0].content: '],
    [{ ...old, access: 644 }, '[0].access: expected string'],
    [{ ...old, copies: {} }, '[0].copies: expected array'],
    [{ path: '/etc/a' }, '[0].content: expected string'],
  ])('are refused with what is wrong: %j', (file, message) => {
    expect(() => read([file])).toThrow(message);
  });
});
