import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentDifference } from '../../../src/package/content-difference.ts';
import type { NewPackage } from '../../../src/package/control/write-package.ts';
import { writePackage } from '../../../src/package/control/write-package.ts';
import { writeRpm } from '../../../src/package/rpm/write-rpm.ts';
import { smallRpm } from './rpm/small-rpm.ts';
import { smallPackage } from './small-package.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-difference-'));
});
afterEach(() => rm(folder, { recursive: true }));

const tool = () => smallPackage('tool', '1.0');

async function write(name: string, bytes: Buffer): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

/** What is other in a package after this change. */
async function after(change: Partial<NewPackage>, compression: 'gz' | 'xz' = 'gz') {
  const one = await write('a.ipk', await writePackage(tool()));
  const other = await write('b.ipk', await writePackage({ ...tool(), ...change }, { compression }));
  return contentDifference(one, other);
}

describe('contentDifference', () => {
  it('finds none where only the bytes of the package file are not the same', async () => {
    expect(await after({}, 'xz')).toBeUndefined();
  });

  it('names paths with other content, mode or target, and those that only one has', async () => {
    const files = tool().files.map((file) => {
      if (file.path === '/etc/tool.conf') return { ...file, content: Buffer.from('else\n') };
      if (file.path === '/etc') return { ...file, mode: 0o700 };
      return file.path === '/usr/bin/alias' ? { ...file, path: '/usr/bin/other' } : file;
    });
    const found = await after({ files });
    expect(found).toMatchObject({
      paths: ['/etc', '/etc/tool.conf', '/usr/bin/alias', '/usr/bin/other'],
      scripts: [],
      fields: [],
    });
    expect([...(found?.files.keys() ?? [])]).toEqual(['/etc/tool.conf']);
  });

  it('names scripts and fields', async () => {
    const { control } = smallPackage('tool', '1.0', { Depends: 'library' });
    const found = await after({ control, scripts: { prerm: 'exit 0\n' }, conffiles: [] });
    expect(found).toEqual({
      paths: [],
      files: new Map(),
      scripts: ['postinst', 'prerm'],
      fields: ['Depends', 'conffiles'],
    });
  });

  it('takes an rpm as well: its relations and texts count, and no time', async () => {
    const one = join(folder, 'a.rpm');
    const [same, other] = [join(folder, 'b.rpm'), join(folder, 'c.rpm')];
    const requires = [{ name: 'library', flags: 0, version: '' }];
    await writeRpm(one, smallRpm('tool', '1.0-r0'), { seconds: 1 });
    await writeRpm(same, smallRpm('tool', '1.0-r0'), { seconds: 2 });
    const { labels, ...rest } = smallRpm('tool', '1.0-r0', { requires });
    const texts = { ...labels.texts, summary: 'other' };
    await writeRpm(other, { ...rest, labels: { ...labels, texts } }, { seconds: 1 });
    expect(await contentDifference(one, same)).toBeUndefined();
    expect(await contentDifference(one, other)).toEqual({
      paths: [],
      files: new Map(),
      scripts: [],
      fields: ['requires', 'summary'],
    });
  });
});
