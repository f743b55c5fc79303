import { expect, it } from 'vitest';
import { fatFiles } from '../../../../src/filesystem/fat/files.ts';
import { bufferView } from '../../../../src/filesystem/view.ts';
import { fat, smallFat } from '../small-fat.ts';

/** The same with a name, and 700 bytes in /ENV.TXT, which has clusters 2 and 4. */
function named(): Buffer {
  const image = smallFat();
  image.writeUInt8(0x29, 38);
  image.writeUInt32LE(0x12ab34cd, 39);
  image.write('BOOT       ', 43, 'latin1');
  image.writeUInt32LE(700, fat.rootStart * 512 + 28);
  image.fill('a', fat.dataStart * 512, (fat.dataStart + 1) * 512);
  image.fill('b', (fat.dataStart + 2) * 512, (fat.dataStart + 3) * 512);
  return image;
}

it('the files of a FAT are found in any case, and read over their clusters', () => {
  const files = fatFiles(bufferView(named()));
  expect({ label: files.label, uuid: files.uuid }).toEqual({ label: 'BOOT', uuid: '12AB-34CD' });
  expect(files.names('/')).toEqual(['ENV.TXT', 'loader']);
  expect(files.names('/LOADER')).toEqual(['a long name.efi']);
  expect(files.read('/env.txt')?.toString()).toBe('a'.repeat(512) + 'b'.repeat(188));
  expect(files.read('/env.txt', 3)?.toString()).toBe('aaa');
  expect(files.facts('/loader')).toMatchObject({ kind: 'folder' });
});

it('a path of a FAT that leads to nothing has nothing', () => {
  const files = fatFiles(bufferView(named()));
  expect(files.names('/env.txt')).toEqual([]);
  expect(files.read('/loader')).toBeUndefined();
  expect(files.read('/loader/nothing')).toBeUndefined();
  expect(files.facts('/nothing')).toBeUndefined();
});
