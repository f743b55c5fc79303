import { describe, expect, it } from 'vitest';
import { contentOf } from '../../../../src/filesystem/content.ts';
import { ext4Files } from '../../../../src/filesystem/ext4/files.ts';
import { bufferView } from '../../../../src/filesystem/view.ts';
import { smallExt4, writeSuperblock } from '../small-ext4.ts';

describe('the files of an ext4', () => {
  const files = () => ext4Files(bufferView(smallExt4()));

  it('are listed by folder, and read by path', () => {
    expect(files().names('/')).toEqual(['etc', 'file']);
    expect(files().names('/etc')).toEqual(['big']);
    expect(files().read('/file', 8)?.toString()).toBe('filefile');
    expect(files().read('/etc/../file', 4)?.toString()).toBe('file');
  });

  it('are not there where a path leads to nothing', () => {
    expect(files().names('/file')).toEqual([]);
    expect(files().names('/nowhere')).toEqual([]);
    expect(files().read('/etc')).toBeUndefined();
    expect(files().read('/file/more')).toBeUndefined();
    expect(files().facts('/nowhere')).toBeUndefined();
  });

  it('have modes and owners', () => {
    expect(files().facts('/file')).toEqual({ kind: 'file', mode: 0o644, uid: 0, gid: 0, bytes: 2048 });
    expect(files().facts('/etc')).toMatchObject({ kind: 'folder', mode: 0o755 });
  });

  it('come with the name and the UUID of the file system', () => {
    const image = smallExt4();
    writeSuperblock(image, (superblock) => superblock.write('rootfs\0', 0x78));
    const { label, uuid } = ext4Files(bufferView(image));
    expect({ label, uuid }).toEqual({ label: 'rootfs', uuid: '00112233-4455-6677-8899-aabbccddeeff' });
  });

  it('are not vouched for where the superblock is damaged, and the reason is said', () => {
    const image = smallExt4();
    image.writeUInt32LE(7, 1024);
    expect(contentOf(bufferView(image))).toEqual({
      kind: 'named',
      name: 'ext4 with wrong superblock checksum',
    });
  });
});
