import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/digest.ts';
import { deployedFiles, ostreeTree } from '../../../../src/image/ostree/ostree-tree.ts';
import { Tree } from '../../../../src/image/tree.ts';

function root(): Tree {
  const tree = new Tree();
  tree.addDirectory('usr/lib');
  tree.addSymlink('lib', 'usr/lib');
  tree.addFile('etc/hosts', 'localhost\n', 0o600);
  tree.addSymlink('etc/mtab', '../proc/self/mounts');
  tree.addFile('boot/vmlinuz', 'kernel');
  tree.addFile('boot/initrd.img', 'disk');
  tree.addFile('lib/modules/6.1.0/kernel/a.ko', 'module');
  tree.addFile('etcetera', 'no');
  return tree;
}

describe('a root file system in OSTree’s form', () => {
  it('has its defaults in /usr/etc, and its kernel beside the modules', () => {
    const paths = ostreeTree(root())
      .entries()
      .map(([path]) => path);
    expect(paths.filter((path) => !path.startsWith('usr'))).toEqual(['boot', 'etcetera', 'lib']);
    expect(paths).toEqual(
      expect.arrayContaining([
        'usr/etc/hosts',
        'usr/etc/mtab',
        'usr/lib/modules/6.1.0/vmlinuz',
        'usr/lib/modules/6.1.0/initramfs.img',
      ]),
    );
    expect(ostreeTree(root()).get('usr/etc/hosts')).toMatchObject({ mode: 0o600 });
  });

  it('runs with the defaults in /etc as well', () => {
    const files = deployedFiles(ostreeTree(root()));
    expect(Object.keys(files)).toEqual([
      '/etc/hosts',
      '/etcetera',
      '/usr/etc/hosts',
      '/usr/lib/modules/6.1.0/initramfs.img',
      '/usr/lib/modules/6.1.0/kernel/a.ko',
      '/usr/lib/modules/6.1.0/vmlinuz',
    ]);
    expect(files['/etc/hosts']).toBe(sha256('localhost\n'));
  });

  it('needs a folder of modules', () => {
    const tree = root();
    tree.remove('lib/modules');
    expect(() => ostreeTree(tree)).toThrow('no folder in /usr/lib/modules');
  });
});
