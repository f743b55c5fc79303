import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskMap } from '../../../../src/filesystem/disk-map.ts';
import type { Content } from '../../../../src/filesystem/place.ts';
import { bufferView } from '../../../../src/filesystem/view.ts';
import { needPrograms } from '../../../support/host-programs.ts';

/** What e2fsprogs, or we, say that a block is: one line for each block, so that differences can be read. */
type Owner = string;

interface Shape {
  blockBytes: 1024 | 2048 | 4096;
  mebibytes: number;
  /** Features that change where things lie, or how a file's blocks are named. */
  features: readonly string[];
  /** Blocks of a group, where the features leave it free. */
  groupBlocks: number;
  clusterBlocks: 4 | 16;
}

const toggled = (name: string) => fc.constantFrom(name, `^${name}`);
const arbitraryShape: fc.Arbitrary<Shape> = fc.record({
  blockBytes: fc.constantFrom(1024, 2048, 4096),
  mebibytes: fc.integer({ min: 8, max: 24 }),
  features: fc
    .tuple(
      fc.constantFrom('', 'resize_inode,^meta_bg', '^resize_inode,meta_bg'),
      fc.constantFrom('sparse_super', 'sparse_super,sparse_super2', '^sparse_super'),
      fc.constantFrom('extent,bigalloc', 'extent,^bigalloc', '^extent,^64bit'),
      toggled('flex_bg'),
      toggled('metadata_csum'),
      fc.constantFrom('has_journal', '^has_journal', 'has_journal,orphan_file', 'inline_data', 'quota'),
    )
    .map((names) => names.filter((name) => name !== '')),
  groupBlocks: fc.integer({ min: 64, max: 512 }).map((eighths) => eighths * 8),
  clusterBlocks: fc.constantFrom(4, 16),
});

/** Those of the trials: each was told as free space, in whole or in part. */
const reported: Shape[] = [
  { features: ['bigalloc'], mebibytes: 24, clusterBlocks: 16 },
  { features: ['bigalloc', 'meta_bg', '^resize_inode'], mebibytes: 24, clusterBlocks: 4 },
  { features: ['meta_bg', '^resize_inode'], mebibytes: 24, clusterBlocks: 4 },
  { features: ['sparse_super2'], mebibytes: 24, clusterBlocks: 4 },
].map((shape): Shape => ({ blockBytes: 1024, groupBlocks: 512, ...shape, clusterBlocks: 4 }));

describe('what lies where, block by block, as dumpe2fs and debugfs say it', () => {
  needPrograms('mke2fs', 'dumpe2fs', 'debugfs');
  let folder: string;
  let image: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'brownout-debugfs-'));
    image = join(folder, 'image');
    makeTree(join(folder, 'tree'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Small and large files, one with holes, many names, and links of both lengths. */
  function makeTree(tree: string): void {
    mkdirSync(join(tree, 'etc/deep/er'), { recursive: true });
    writeFileSync(join(tree, 'etc/small'), 'small');
    writeFileSync(join(tree, 'etc/large'), Buffer.alloc(700_000, 'large'));
    const holes = Buffer.alloc(400_000);
    for (let at = 0; at < holes.length; at += 40_000) holes.fill('x', at, at + 5000);
    writeFileSync(join(tree, 'etc/holes'), holes);
    for (let i = 0; i < 60; i += 1)
      writeFileSync(join(tree, `etc/deep/file with a name ${i}`), 'y'.repeat(i * 90));
    symlinkSync('small', join(tree, 'etc/link'));
    symlinkSync('long/'.repeat(40), join(tree, 'etc/long link'));
  }

  function tool(program: string, args: readonly string[], input = ''): string {
    const { stdout, stderr, status } = spawnSync(program, args, {
      input,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** False where mke2fs does not make a file system of this shape. */
  function make({ blockBytes, mebibytes, features, groupBlocks, clusterBlocks }: Shape): boolean {
    const isBigalloc = features.some((names) => names.split(',').includes('bigalloc'));
    const shape = isBigalloc ? ['-C', String(clusterBlocks * blockBytes)] : ['-g', String(groupBlocks)];
    const args = ['-q', '-F', '-t', 'ext4', '-b', String(blockBytes), ...shape, '-O', features.join(',')];
    rmSync(image, { force: true });
    const made = spawnSync('mke2fs', [...args, '-d', join(folder, 'tree'), image, `${mebibytes}M`]);
    if (made.status !== 0) return false;
    const value = 'v'.repeat(blockBytes / 2);
    tool('debugfs', ['-w', '-R', `ea_set /etc/small user.note ${value}`, image]);
    return true;
  }

  function theirs(blocks: number): Owner[] {
    const owners = inodesOf(blocks);
    // What dumpe2fs says counts: debugfs has the resize inode where descriptors may come to be.
    for (const [first, last, owner] of metadata()) owners.fill(owner, first, last + 1);
    owners[0] = 'superblock';
    return owners;
  }

  function inodesOf(blocks: number): Owner[] {
    const lines: string[] = [];
    for (let first = 0; first < blocks; first += 400) {
      const some = Array.from({ length: Math.min(400, blocks - first) }, (_, i) => first + i);
      lines.push(`icheck ${some.join(' ')}`);
    }
    const owners = Array.from({ length: blocks }, () => 'free');
    const said = tool('debugfs', ['-f', '-', image], `${lines.join('\n')}\n`);
    for (const [, block, inode] of said.matchAll(/^(\d+)\t(\d+)$/gm))
      owners[Number(block)] = `inode ${inode}`;
    return owners;
  }

  function metadata(): [number, number, Owner][] {
    const kinds: [RegExp, Owner][] = [
      [/(?:Primary|Backup) superblock at (\d+)/g, 'superblock'],
      [/Group descriptors? at (\d+)(?:-(\d+))?/g, 'group-descriptors'],
      [/Reserved GDT blocks at (\d+)-(\d+)/g, 'group-descriptors'],
      [/Block bitmap at (\d+)/g, 'block-bitmap'],
      [/Inode bitmap at (\d+)/g, 'inode-bitmap'],
      [/Inode table at (\d+)-(\d+)/g, 'inode-table'],
    ];
    const said = tool('dumpe2fs', [image]);
    return kinds.flatMap(([pattern, owner]) =>
      [...said.matchAll(pattern)].map(([, first, last]): [number, number, Owner] => [
        Number(first),
        Number(last ?? first),
        owner,
      ]),
    );
  }

  function ours(content: Buffer, blockBytes: number): Owner[] {
    const map = new DiskMap(bufferView(content));
    const blocks = Math.floor(content.length / blockBytes);
    return Array.from({ length: blocks }, (_, block) => {
      const [place, ...more] = map.describe(block * blockBytes, blockBytes);
      return more.length > 0 || place === undefined ? 'several' : ownerOf(place.content);
    });
  }

  function ownerOf(content: Content): Owner {
    if (content.kind === 'journal') return 'inode 8';
    const inode = 'inode' in content ? content.inode : undefined;
    return inode === undefined ? content.kind : `inode ${inode}`;
  }

  function differences(shape: Shape): string[] {
    const content = readFileSync(image);
    const [mine, other] = [ours(content, shape.blockBytes), theirs(content.length / shape.blockBytes)];
    expect(new Set(other).size).toBeGreaterThan(20);
    return other.flatMap((owner, i) => (owner === mine[i] ? [] : [`block ${i}: ${owner}, ours: ${mine[i]}`]));
  }

  it.each(reported)(
    '$features',
    (shape) => {
      expect(make(shape)).toBe(true);
      expect(differences(shape).slice(0, 10)).toEqual([]);
    },
    60_000,
  );

  it('whatever mke2fs makes', () => {
    let made = 0;
    fc.assert(
      fc.property(arbitraryShape, (shape) => {
        if (!make(shape)) return;
        made += 1;
        expect(differences(shape).slice(0, 10)).toEqual([]);
      }),
      { numRuns: 12 },
    );
    expect(made).toBeGreaterThan(3);
  }, 120_000);
});
