import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debRoot } from '../../../../src/image/root/deb-root.ts';
import type { Tree } from '../../../../src/image/tree.ts';
import { readPackage } from '../../../../src/package/package-file.ts';
import type { ControlPackage } from '../../../../src/package/package-format.ts';
import { listFiles } from '../../../../src/package/packaged-files.ts';
import { smallPackageFile } from '../../package/small-package.ts';

let folder: string;
let tree: Tree;

async function packageAt(name: string, fields: Record<string, string> = {}) {
  const file = join(folder, `${name}.deb`);
  await writeFile(file, await smallPackageFile(name, '1.0', fields));
  const about = (await readPackage(file)) as ControlPackage;
  return { about, file, files: await listFiles(file, { contents: 'all' }) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-deb-root-'));
  tree = await debRoot([await packageAt('tool'), await packageAt('lib', { 'Multi-Arch': 'same' })]);
});

afterAll(() => rm(folder, { recursive: true }));

const text = (path: string) => {
  const node = tree.get(path);
  return node?.type === 'file' ? node.content.toString() : undefined;
};

describe('debRoot', () => {
  it('puts conffiles where they belong, with the hash of what was shipped', () => {
    expect(text('etc/tool.conf')).toBe('release=1.0\n');
    expect(text('var/lib/dpkg/status')).toContain(
      'Package: tool\nStatus: install ok unpacked\nVersion: 1.0\nArchitecture: all\n' +
        'Conffiles:\n /etc/tool.conf 1f6465e6b745f65ab002c45167f16cbe\n',
    );
  });

  it('lists what each package has, under its architecture where several may be there', () => {
    expect(text('var/lib/dpkg/info/tool.list')).toBe('/.\n/etc\n/etc/tool.conf\n/usr/bin/alias\n');
    expect(text('var/lib/dpkg/info/lib:all.list')).toContain('/etc/lib.conf');
    expect(text('var/lib/dpkg/info/tool.conffiles')).toBe('/etc/tool.conf\n');
    expect(text('var/lib/dpkg/info/tool.control')).toBeUndefined();
    expect(tree.get('var/lib/dpkg/info/tool.postinst')).toMatchObject({ mode: 0o755 });
  });

  it('has all that dpkg and apt expect to be there', () => {
    expect(text('var/lib/dpkg/info/format')).toBe('1\n');
    for (const path of ['diversions', 'statoverride', 'triggers/File', 'triggers/Unincorp'])
      expect(text(`var/lib/dpkg/${path}`)).toBe('');
    expect(tree.get('var/lib/apt/lists/partial')?.type).toBe('directory');
  });
});
