import { spawnSync } from 'node:child_process';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveEdit } from '../../../../src/package/archive/archive-edit.ts';
import { Damage } from '../../../../src/package/archive/damage.ts';
import { rewriteTar } from '../../../../src/package/archive/rewrite-tar.ts';
import { packTar, readTar } from '../../../../src/package/archive/tar.ts';
import { needPrograms } from '../../../support/host-programs.ts';
import { anyPackage } from '../small-package.ts';

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length)
    yield await Promise.resolve(bytes.subarray(at, at + length));
}

async function all(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const rewrite = (bytes: Buffer, edit: ArchiveEdit, length = 700) =>
  all(rewriteTar(pieces(bytes, length), edit));

async function listing(bytes: Buffer) {
  const found: string[] = [];
  for await (const { content, ...entry } of readTar(pieces(bytes, 4096)))
    found.push(JSON.stringify([entry, (await all(content)).toString('latin1')]));
  return found;
}

describe('rewriting any tar', () => {
  it('gives the same bytes where nothing is edited, however they come in', async () => {
    await fc.assert(
      fc.asyncProperty(anyPackage, fc.integer({ min: 1, max: 5000 }), async ({ files }, length) => {
        const bytes = await all(packTar(files, 7));
        expect((await rewrite(bytes, {}, length)).equals(bytes)).toBe(true);
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('gives what writing the edited entries would', async () => {
    await fc.assert(
      fc.asyncProperty(anyPackage, fc.uint8Array({ maxLength: 1200 }), async ({ files }, bytes) => {
        const [first] = files;
        fc.pre(first?.type === 'file' && files.filter(({ path }) => path === first.path).length === 1);
        const content = Buffer.from(bytes);
        const edited = files.map((file) => (file === first ? { ...first, content, mode: 0o751 } : file));
        const edit = { changed: new Map([[first.path, { content: () => content, mode: 0o751 }]]) };
        const made = await rewrite(await all(packTar(files, 7)), edit);
        expect(await listing(made)).toEqual(await listing(await all(packTar(edited, 7))));
        const without = await rewrite(await all(packTar(files, 7)), { drops: (path) => path === first.path });
        expect(without.equals(await all(packTar(files.slice(1), 7)))).toBe(true);
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});

describe("rewriting GNU tar's archives", () => {
  needPrograms('tar');
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-tar-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(['gnu', 'pax', 'ustar', 'v7'])('%s: keeps what it does not name', async (format) => {
    const deep = join(folder, 'x', ...(format === 'v7' ? ['d'] : ['d'.repeat(90), 'e'.repeat(20)]));
    await mkdir(deep, { recursive: true });
    await writeFile(join(deep, 'file'), 'long name\n');
    await writeFile(join(folder, 'x', 'a'), 'first\n', { mode: 0o640 });
    await link(join(folder, 'x', 'a'), join(folder, 'x', 'b'));
    await symlink(
      format === 'v7' || format === 'ustar' ? 'a' : `../${'t'.repeat(150)}`,
      join(folder, 'x', 'c'),
    );
    const packed = (of: string[]) =>
      spawnSync('tar', [
        '-c',
        `--format=${format}`,
        '--sort=name',
        '--mtime=@9',
        '-C',
        join(folder, 'x'),
        ...of,
      ]).stdout;
    const bytes = packed(['.']);
    expect(bytes.length).toBeGreaterThan(2000);
    const before = await listing(bytes);
    expect(await listing(await rewrite(bytes, {}))).toEqual(before);
    const deepFile = deep.slice(join(folder, 'x').length) + '/file';
    const made = await rewrite(bytes, {
      drops: (path) => path === '/c',
      changed: new Map([
        [deepFile, { content: (old: Buffer) => Buffer.concat([old, Buffer.from('and more\n')]) }],
        ['/a', { mode: 0o600 }],
      ]),
      added: [{ path: '/z', type: 'file', mode: 0o644, content: Buffer.from('new') }],
    });
    const after = await listing(made);
    const changed = before
      .filter((line) => !line.includes('"/c"'))
      .map((line) => {
        if (line.includes('"/a","type":"file"')) return line.replace('"mode":416', '"mode":384');
        if (line.includes('long name'))
          return line.replace('name\\n', 'name\\nand more\\n').replace('"bytes":10', '"bytes":19');
        return line;
      });
    expect(after.slice(0, -1)).toEqual(changed);
    expect(after.at(-1)).toContain('"/z"');
    const extracted = spawnSync('tar', ['-tv'], { input: made, encoding: 'utf8' });
    expect(extracted.stderr).toBe('');
  });
});

describe('a damaged tar', () => {
  const tar = () =>
    all(packTar([{ path: './a', type: 'file', mode: 0o644, content: Buffer.alloc(2000, 'x') }], 0));

  it.each([
    ['ends within an entry', (bytes: Buffer) => bytes.subarray(0, 1500), /ends within an entry/],
    [
      'has no header',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 2560), bytes.subarray(600, 1200)]),
      /not the header/,
    ],
    [
      'has a wrong checksum',
      (bytes: Buffer) => Buffer.concat([Buffer.from('zz'), bytes.subarray(2)]),
      /not the header/,
    ],
  ])('%s', async (_, damage, message) => {
    const bytes = damage(await tar());
    await expect(rewrite(bytes, {})).rejects.toThrow(message);
    await expect(rewrite(bytes, {})).rejects.toBeInstanceOf(Damage);
  });

  it('is refused where a path leads out of the package', async () => {
    const bytes = await all(packTar([{ path: '../a', type: 'directory', mode: 0o755 }], 0));
    await expect(rewrite(bytes, {})).rejects.toThrow(/leads out/);
  });

  it('ends what it is read from', async () => {
    let ended = false;
    async function* source() {
      try {
        yield await Promise.resolve(Buffer.alloc(512, 1));
        yield Buffer.alloc(512, 1);
      } finally {
        ended = true;
      }
    }
    await expect(all(rewriteTar(source(), {}))).rejects.toThrow(Damage);
    expect(ended).toBe(true);
  });
});
