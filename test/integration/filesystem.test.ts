import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../src/core/errors.ts';
import { DiskMap } from '../../src/filesystem/disk-map.ts';
import { type CanonicalImage, canonicalImage } from '../../src/filesystem/ext4/canonical-image.ts';
import { journalGeometry } from '../../src/filesystem/ext4/journal-geometry.ts';
import { bufferView } from '../../src/filesystem/view.ts';
import { run } from '../../src/process/run.ts';

let folder: string;
let image: string;

beforeEach(async (ctx) => {
  const programs = { mke2fs: '-V', e2fsck: '-V', debugfs: '-V', 'mkfs.vfat': '--help', mcopy: '--version' };
  for (const [program, argument] of Object.entries(programs)) {
    try {
      await run({ program, args: [argument], okCodes: [0, 1] });
    } catch (error) {
      ctx.skip(messageOf(error));
    }
  }
  folder = await mkdtemp(join(tmpdir(), 'brownout-filesystem-'));
  image = join(folder, 'image');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Format {
  blockBytes: 1024 | 4096;
  wide: boolean;
  checksum: 0 | 2 | 3;
  /** Features that change where the descriptors of groups lie. */
  layout: string;
}

const formats: Format[] = ([1024, 4096] as const).flatMap((blockBytes) => [
  ...[false, true].flatMap((wide) =>
    ([0, 2, 3] as const).map((checksum): Format => ({ blockBytes, wide, checksum, layout: '^resize_inode' })),
  ),
  ...['bigalloc', '^resize_inode,meta_bg', '^resize_inode,bigalloc,meta_bg', 'sparse_super2'].map(
    (layout): Format => ({ blockBytes, wide: true, checksum: 3, layout }),
  ),
]);

/** Where descriptors lie makes no difference to a torn log: one of the other layouts is enough. */
const isTorn = ({ wide, checksum, layout }: Format) =>
  wide && checksum !== 2 && (layout === '^resize_inode' || layout.includes('bigalloc,meta_bg'));

const magic = Buffer.from([0xc0, 0x3b, 0x39, 0x98]);

/** Blocks in whose content the block's number and the version can be found again; the first has to be escaped. */
function blockContents(blockBytes: number, version: string): Buffer {
  const blocks = [0, 1, 2].map((i) => Buffer.alloc(blockBytes, `${version}${i}`));
  magic.copy(blocks[0]!);
  return Buffer.concat(blocks);
}

/** A file system whose journal has three whole transactions, with a revoked block and escaped ones, and half of one. */
async function writeJournal({ blockBytes, wide, checksum, layout }: Format): Promise<void> {
  const features = `${wide ? '' : '^'}64bit,metadata_csum,${layout}`;
  const journal = `size=${blockBytes / 1024}`;
  const making = ['-q', '-F', '-t', 'ext4', '-b', String(blockBytes), '-O', features, '-J', journal];
  await run({ program: 'mke2fs', args: [...making, image, `${(4000 * blockBytes) / 1024}k`] });
  for (const version of ['a', 'b'])
    await writeFile(join(folder, version), blockContents(blockBytes, version));
  const commands = [
    checksum === 0 ? 'jo' : `jo -c -v ${checksum}`,
    `jw -b 3000,3001,3002 ${join(folder, 'a')}`,
    `jw -r 3001`,
    `jw -b 3003,3000 ${join(folder, 'b')}`,
    `jw -c -b 3010,3002 ${join(folder, 'b')}`,
    'jc',
    '',
  ].join('\n');
  await run({ program: 'debugfs', args: ['-w', '-f', '-', image], input: commands });
}

/** What e2fsck makes of a content by replaying its journal and no more. */
async function afterE2fsck(content: Buffer): Promise<Buffer> {
  const path = join(folder, 'recovered');
  await writeFile(path, content);
  await run({ program: 'e2fsck', args: ['-y', '-E', 'journal_only', path], okCodes: [0, 1, 4, 8, 12] });
  return readFile(path);
}

/** Every byte but those of the journal. */
function canonicalBytes(content: Buffer, { blocks, blockBytes, dropped }: CanonicalImage): Buffer {
  const result = Buffer.from(content);
  for (const [block, bytes] of blocks) bytes.copy(result, block * blockBytes);
  for (const block of dropped) result.fill(0, block * blockBytes, (block + 1) * blockBytes);
  return result;
}

/** Compares with e2fsck; `odd` where this content is not vouched for. */
async function compare(content: Buffer): Promise<CanonicalImage | 'odd'> {
  const mine = canonicalImage(bufferView(content));
  if (mine.kind === 'odd') return 'odd';
  const recovered = await afterE2fsck(content);
  const theirs = canonicalImage(bufferView(recovered));
  if (theirs.kind === 'odd') throw new Error(theirs.why);
  expect(theirs.blocks.size).toBe(1);
  expect(canonicalBytes(content, mine).equals(canonicalBytes(recovered, theirs))).toBe(true);
  return mine;
}

describe('recovery equals e2fsck’s', () => {
  it.each(formats)(
    'blocks of $blockBytes bytes, 64 bit $wide, checksum version $checksum, $layout',
    async (format) => {
      await writeJournal(format);
      const mine = await compare(await readFile(image));
      if (mine === 'odd') throw new Error('odd');
      const { blockBytes } = format;
      const [a, b] = [blockContents(blockBytes, 'a'), blockContents(blockBytes, 'b')];
      const nth = (blocks: Buffer, i: number) => blocks.subarray(i * blockBytes, (i + 1) * blockBytes);
      expect([...mine.blocks.keys()].sort((x, y) => x - y)).toEqual([
        blockBytes === 1024 ? 1 : 0,
        3000,
        3002,
        3003,
      ]);
      expect(mine.blocks.get(3000)).toEqual(nth(b, 1));
      expect(mine.blocks.get(3002)).toEqual(nth(a, 2));
      expect(mine.blocks.get(3003)).toEqual(nth(b, 0));
    },
  );

  it.each(formats.filter(isTorn))(
    'torn anywhere in the log: blocks of $blockBytes bytes, checksum version $checksum, $layout',
    async (format) => {
      await writeJournal(format);
      const content = await readFile(image);
      const geometry = journalGeometry(bufferView(content));
      if (geometry?.kind !== 'journal') throw new Error('no journal');
      const outcomes = new Set<string | undefined>();
      for (const block of geometry.blocks.slice(1, 16)) {
        for (const sector of [0, format.blockBytes / 512 - 1]) {
          const torn = Buffer.from(content);
          const at = block * format.blockBytes + sector * 512;
          torn.fill(0, at, at + 512);
          const mine = await compare(torn);
          outcomes.add(mine === 'odd' ? mine : [...mine.blocks.keys()].sort().join());
        }
      }
      // Nothing, some and all of the transactions survive; with checksums, some contents are odd.
      expect(outcomes.size).toBeGreaterThanOrEqual(3);
      expect(outcomes.has('odd')).toBe(format.checksum !== 0);
    },
    120_000,
  );
});

/** A text that can be found in the image again, longer than one block. */
const marked = (name: string) => Buffer.alloc(9000, `<${name}>`);

/** What the map says of the place where a file's content starts. */
function placeOf(content: Buffer, name: string): string | undefined {
  const at = content.indexOf(`<${name}><${name}>`);
  return new DiskMap(bufferView(content)).describe(at, 512)[0]?.text;
}

const files = ['uboot.env', 'etc/a file with a long name.conf', 'etc/deep/er/x'];

describe('what lies where', () => {
  it.each([
    ['ext4', 1024],
    ['ext4', 4096],
    ['ext3', 1024],
    ['ext2', 4096],
  ])('%s with blocks of %d bytes', async (type, blockBytes) => {
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'etc/deep/er'), { recursive: true });
    for (const file of files) await writeFile(join(tree, file), marked(file));
    const making = ['-q', '-F', '-t', type, '-b', String(blockBytes), '-d', tree];
    await run({ program: 'mke2fs', args: [...making, image, '20M'] });
    const content = await readFile(image);
    for (const file of files) {
      const { stdout } = await run({ program: 'debugfs', args: ['-R', `stat "/${file}"`, image] });
      const inode = /Inode: (\d+)/.exec(stdout)?.[1];
      expect(placeOf(content, file)).toBe(`disk: /${file} (inode ${inode}, bytes 0-511)`);
    }
  });

  it.each([
    ['12', '2M'],
    ['16', '20M'],
    ['32', '40M'],
  ])('FAT%s', async (bits, size) => {
    const kibibytes = Number.parseInt(size, 10) * 1024;
    await run({ program: 'mkfs.vfat', args: ['-F', bits, '-s', '1', '-C', image, String(kibibytes)] });
    const tools = { env: { MTOOLS_SKIP_CHECK: '1' } };
    for (const path of ['etc', 'etc/deep', 'etc/deep/er'])
      await run({ program: 'mmd', args: ['-i', image, `::/${path}`], ...tools });
    for (const file of files) {
      await writeFile(join(folder, 'file'), marked(file));
      await run({ program: 'mcopy', args: ['-i', image, join(folder, 'file'), `::/${file}`], ...tools });
    }
    const content = await readFile(image);
    for (const file of files) expect(placeOf(content, file)).toBe(`disk: /${file} (bytes 0-511)`);
    const texts = new DiskMap(bufferView(content)).describe(0, content.length).map(({ text }) => text);
    expect(texts.slice(0, 4)).toEqual([
      'disk: boot sector',
      'disk: FAT',
      'disk: copy 1 of the FAT',
      'disk: directory /',
    ]);
    expect(texts).toContain('disk: directory /etc/deep/er');
    expect(texts.at(-1)).toBe('disk: free space');
  });
});
