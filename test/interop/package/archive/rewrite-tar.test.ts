import { spawnSync } from 'node:child_process';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needPrograms } from '../../../support/host-programs.ts';
import { listing, rewrite } from '../../../unit/package/archive/tar-pieces.ts';

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
