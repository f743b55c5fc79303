import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cpioArchive } from '../../../src/image/root/cpio.ts';
import { Tree, writeTar } from '../../../src/image/tree.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-tree-'));
});
afterEach(() => rm(folder, { recursive: true }));

function sample(order: 'forth' | 'back'): Tree {
  const tree = new Tree();
  const steps = [
    () => tree.addFile('usr/bin/b', 'B', 0o755),
    () => tree.addFile('etc/a', 'A'),
    () => tree.addSymlink('sbin/init', '../bin/b'),
    () => tree.addDirectory('tmp', 0o777),
  ];
  for (const step of order === 'forth' ? steps : steps.reverse()) step();
  return tree;
}

describe('Tree', () => {
  it('lists parents before children, whatever the order of adding', () => {
    const paths = sample('forth')
      .entries()
      .map(([path]) => path);
    expect(paths).toEqual([
      'etc',
      'etc/a',
      'tmp',
      'usr',
      'usr/bin',
      'usr/bin/b',
      'usr/sbin',
      'usr/sbin/init',
    ]);
    expect(sample('back').digest()).toBe(sample('forth').digest());
  });

  it('has another digest for any other content, mode or name', () => {
    const digests = new Set([sample('forth').digest()]);
    for (const change of [
      (tree: Tree) => tree.addFile('etc/a', 'A2'),
      (tree: Tree) => tree.addFile('etc/a', 'A', 0o600),
      (tree: Tree) => tree.addFile('etc/c', 'A'),
      (tree: Tree) => tree.addSymlink('sbin/init', 'b'),
    ]) {
      const tree = sample('forth');
      change(tree);
      digests.add(tree.digest());
    }
    expect(digests.size).toBe(5);
  });

  it('removes a path with all below, and says when there is nothing', () => {
    const tree = sample('forth');
    expect(tree.remove('/usr'.slice(1))).toBe(true);
    expect(tree.has('usr/bin/b')).toBe(false);
    expect(tree.remove('sbin/init')).toBe(false);
  });

  it('takes folders in, with modes from content', async () => {
    await mkdir(join(folder, 'etc'));
    await writeFile(join(folder, 'etc/script'), '#!/bin/sh\n', { mode: 0o600 });
    await writeFile(join(folder, 'etc/plain'), 'x', { mode: 0o777 });
    await symlink('plain', join(folder, 'etc/link'));
    const tree = new Tree();
    await tree.addFolder(folder);
    expect(tree.get('etc/script')).toMatchObject({ mode: 0o755 });
    expect(tree.get('etc/plain')).toMatchObject({ mode: 0o644 });
    expect(tree.get('etc/link')).toEqual({ type: 'symlink', target: 'plain' });
  });

  it('does not change when its clone does', () => {
    const tree = sample('forth');
    const before = tree.digest();
    tree.clone().remove('etc');
    expect(tree.digest()).toBe(before);
  });
});

describe('writeTar', () => {
  it('depends on the tree and the time only', async () => {
    await writeTar(sample('forth'), 1_700_000_000, join(folder, 'a'));
    await writeTar(sample('back'), 1_700_000_000, join(folder, 'b'));
    await writeTar(sample('back'), 1_700_000_001, join(folder, 'c'));
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => readFile(join(folder, name))));
    expect(a?.equals(b!)).toBe(true);
    expect(a?.equals(c!)).toBe(false);
  });
});

describe('cpioArchive', () => {
  it('can be read back record by record', () => {
    const records = readCpio(cpioArchive(sample('forth'), 5));
    expect(records.map(({ name }) => name)).toEqual([
      ...sample('forth')
        .entries()
        .map(([path]) => path),
      'TRAILER!!!',
    ]);
    expect(records.find(({ name }) => name === 'usr/bin/b')).toMatchObject({
      mode: 0o100755,
      data: 'B',
      seconds: 5,
    });
    expect(records.find(({ name }) => name === 'usr/sbin/init')).toMatchObject({
      mode: 0o120777,
      data: '../bin/b',
    });
    expect(records.find(({ name }) => name === 'tmp')).toMatchObject({ mode: 0o040777, data: '' });
  });
});

function readCpio(archive: Buffer): { name: string; mode: number; seconds: number; data: string }[] {
  const records = [];
  const up = (at: number) => Math.ceil(at / 4) * 4;
  for (let at = 0; at < archive.length; ) {
    const field = (i: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + i * 8, at + 14 + i * 8), 16);
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const name = archive.toString('latin1', at + 110, at + 110 + field(11) - 1);
    const start = up(at + 110 + field(11));
    records.push({
      name,
      mode: field(1),
      seconds: field(5),
      data: archive.toString('latin1', start, start + field(6)),
    });
    if (name === 'TRAILER!!!') return records;
    at = up(start + field(6));
  }
  throw new Error('no trailer');
}
