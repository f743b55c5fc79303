import { expect, it } from 'vitest';
import { breakTree } from '../../../../src/image/root/broken.ts';
import { Tree } from '../../../../src/image/tree.ts';
import type { Breakage } from '../../../../src/model/image.ts';

const health = '/usr/sbin/health-check';

function goodRelease(): Tree {
  const tree = new Tree();
  tree.addFile('boot/vmlinuz', 'kernel');
  tree.addSymlink('usr/sbin/init', '../bin/busybox');
  tree.addFile('usr/sbin/health-check', '#!/bin/sh\n', 0o755);
  return tree;
}

const content = (tree: Tree, path: string) => {
  const node = tree.get(path);
  return node?.type === 'file' ? node.content.toString() : node?.type;
};

it.each<[Breakage, string, string | undefined]>([
  ['no-kernel', 'boot/vmlinuz', undefined],
  ['no-init', 'usr/sbin/init', undefined],
  ['hangs', 'usr/sbin/init', '#!/bin/sh\nwhile :; do sleep 3600; done\n'],
  ['health', 'usr/sbin/health-check', '#!/bin/sh\necho "this release does not work"\nexit 1\n'],
])('a release broken as %s differs from the good one in %s and nothing else', (how, path, expected) => {
  const [tree, good] = [goodRelease(), goodRelease()];
  breakTree(tree, how, health);
  expect(content(tree, path)).toBe(expected);
  const others = (one: Tree) => one.entries().filter(([name]) => name !== path);
  expect(others(tree)).toEqual(others(good));
});

it('says which file there is none of that could be broken', () => {
  expect(() => breakTree(new Tree(), 'no-kernel', undefined)).toThrow(
    expect.objectContaining({
      kind: 'scenario',
      code: 'path-unknown',
      message: 'a release cannot be broken as no-kernel: it has no /boot/vmlinuz',
    }),
  );
});
