import { describe, expect, it } from 'vitest';
import { emptyFiles } from '../../../../src/filesystem/ext4/empty-files.ts';
import { bufferView } from '../../../../src/filesystem/view.ts';
import { needPrograms } from '../../../support/host-programs.ts';
import { RealExt4 } from '../../../support/real-ext4.ts';

const files = { 'app/1.0': 'old\n', 'app/placeholder': '', 'app/other': 'x\n' };

describe('a file that is empty and is not later', () => {
  needPrograms('mke2fs', 'debugfs');

  it('is named where it was not there before, or had a content', () => {
    using ext4 = new RealExt4();
    const before = ext4.make(files);
    const [block = 0] = ext4.blocksOf(before, '/app/1.0');
    const nothing = ext4.file('nothing', '');
    const now = ext4.after(before, [`write ${nothing} /app/2.0`, 'sif /app/1.0 size 0']);
    const later = ext4.after(now, [
      ...['sif /app/2.0 size 5000', 'sif /app/1.0 size 7', 'sif /app/placeholder size 9'],
    ]);
    const moments = { before: bufferView(before), now: bufferView(now), later: bufferView(later) };
    expect(emptyFiles(moments)).toEqual([
      {
        path: '/app/1.0',
        laterBytes: 7,
        emptied: true,
        laterPlaces: [{ offset: block * ext4.blockBytes, bytes: ext4.blockBytes }],
      },
      { path: '/app/2.0', laterBytes: 5000, emptied: false, laterPlaces: [] },
    ]);
    expect(emptyFiles({ ...moments, later: moments.now })).toEqual([]);
    expect(emptyFiles({ ...moments, now: bufferView(Buffer.alloc(before.length)) })).toEqual([]);
  });

  it('is not taken for another one that has its number later', () => {
    using ext4 = new RealExt4();
    const before = ext4.make(files);
    const now = ext4.after(before, [`write ${ext4.file('nothing', '')} /app/2.0`]);
    const later = ext4.after(now, [
      'rm /app/2.0',
      `write ${ext4.file('other', 'other\n')} /app/3.0`,
      'sif /app/3.0 generation 99',
    ]);
    const moments = { before: bufferView(before), now: bufferView(now), later: bufferView(later) };
    expect(emptyFiles(moments)).toEqual([]);
  });
});
