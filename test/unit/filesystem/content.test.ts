import { expect, it } from 'vitest';
import { contentOf } from '../../../src/filesystem/content.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { smallExt4 } from './small-ext4.ts';
import { smallFat } from './small-fat.ts';

const withBytes = (offset: number, bytes: string) => {
  const image = Buffer.alloc(128 << 10);
  image.write(bytes, offset, 'latin1');
  return image;
};

it.each([
  [smallExt4(), 'ext4'],
  [smallFat(), 'fat'],
])('files are read of what is known', (image, kind) => {
  expect(contentOf(bufferView(image))).toMatchObject({ kind: 'files', files: { kind } });
});

it.each([
  ['LUKS (encrypted)', withBytes(0, 'LUKS\xba\xbe')],
  ['squashfs', withBytes(0, 'hsqs')],
  ['Btrfs', withBytes(0x10040, '_BHRfS_M')],
  ['swap', withBytes(4086, 'SWAPSPACE2')],
  ['something unknown', withBytes(10, 'x')],
])('%s is named', (name, image) => {
  expect(contentOf(bufferView(image))).toEqual({ kind: 'named', name });
});

it.each([
  ['ext4 with 1638400 bytes, of which 819200 are there', smallExt4().subarray(0, 800 << 10)],
  ['something unknown', Buffer.from('a file of a few words')],
])('%s: what is short is named so', (name, image) => {
  expect(contentOf(bufferView(image))).toEqual({ kind: 'named', name });
});

it('zeros are nothing', () => {
  expect(contentOf(bufferView(Buffer.alloc(8192)))).toEqual({ kind: 'empty' });
});
