import { describe, expect, it } from 'vitest';
import { restoreFiles, storeFiles } from '../../../src/runner/recordings.ts';

describe("the owner's files as JSON", () => {
  it('are what they were', () => {
    const bytes = Buffer.from([0, 10, 255]);
    const files = [
      {
        path: '/etc/a',
        content: bytes,
        access: '644 0:0',
        found: Buffer.alloc(0),
        copies: [{ suffix: '-opkg', content: bytes }],
      },
      { path: '/etc/b', content: undefined, access: undefined, found: undefined, copies: [] },
    ];
    expect(restoreFiles(JSON.parse(JSON.stringify(storeFiles(files))) as never)).toEqual(files);
  });

  it('are read from findings of programs that noted less', () => {
    const old = [{ path: '/etc/a', content: 'YQ==', access: '644 0:0' }];
    const file = { path: '/etc/a', content: Buffer.from('a'), access: '644 0:0' };
    expect(restoreFiles(old)).toEqual([{ ...file, found: undefined, copies: [] }]);
  });
});
