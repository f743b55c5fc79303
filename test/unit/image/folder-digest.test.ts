import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDescription } from '../../../src/image/description.ts';
import { folderDigest } from '../../../src/image/folder-digest.ts';
import { initramfsOverlay, ownImages, partsElsewhere } from '../../../src/image/own-images.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-digest-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function image(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(join(path, file, '..'), { recursive: true });
    await writeFile(join(path, file), content);
  }
  return path;
}

describe('folderDigest', () => {
  it('tells contents, names and the targets of links, but not what is left out', async () => {
    const one = await image('one', { a: 'x', 'b/c': 'y', 'lock.json': '1' });
    const digest = await folderDigest(one, ['lock.json']);
    await writeFile(join(one, 'lock.json'), '2');
    expect(await folderDigest(one, ['lock.json'])).toBe(digest);
    expect(await folderDigest(one, [])).not.toBe(digest);
    await symlink('a', join(one, 'link'));
    const linked = await folderDigest(one, ['lock.json']);
    expect(linked).not.toBe(digest);
    await rm(join(one, 'link'));
    await symlink('b', join(one, 'link'));
    expect(await folderDigest(one, ['lock.json'])).not.toBe(linked);
  });

  it('counts a folder of another place as if it were below this one', async () => {
    const whole = await image('whole', { 'image.yaml': 'x', 'initramfs/init': 'boot', 'z/file': 'y' });
    const parted = await image('parted', { 'image.yaml': 'x', 'z/file': 'y' });
    const shared = await image('shared', { init: 'boot' });
    const digest = await folderDigest(whole, []);
    expect(await folderDigest(parted, [])).not.toBe(digest);
    expect(await folderDigest(parted, [], { initramfs: shared })).toBe(digest);
    expect(await folderDigest(whole, [], { initramfs: join(whole, 'initramfs') })).toBe(digest);
    await writeFile(join(shared, 'init'), 'boot otherwise');
    expect(await folderDigest(parted, [], { initramfs: shared })).not.toBe(digest);
  });
});

describe('the initial RAM disk of an image', () => {
  it.each([
    ['rauc-ab', 'slots'],
    ['apt', 'packages'],
  ])('of %s is that of all images with %s, unless it has an init of its own', async (name, kind) => {
    const description = await readDescription(ownImages, name);
    if ('prebuilt' in description) throw new Error(`${name} is built here`);
    const copy = join(folder, name);
    await cp(join(ownImages, name), copy, { recursive: true });
    const shared = join(ownImages, 'common', kind, 'initramfs');
    expect(await initramfsOverlay(description, copy)).toBe(shared);
    await mkdir(join(copy, 'initramfs'), { recursive: true });
    expect(await initramfsOverlay(description, copy)).toBe(shared);
    await writeFile(join(copy, 'initramfs', 'init'), '#!/busybox sh\n');
    expect(await initramfsOverlay(description, copy)).toBe(join(copy, 'initramfs'));
  });
});

describe('what an image takes from the folder of another one', () => {
  it('counts as its own: of several folders laid over the root file system, and of releases', async () => {
    const description = await readDescription(ownImages, 'swupdate-ab');
    if ('prebuilt' in description || 'feed' in description) throw new Error('swupdate-ab has slots');
    expect(description.root.overlay).toEqual(['../rauc-ab/rootfs', 'rootfs']);
    const found = partsElsewhere(description, '/images/swupdate-ab');
    expect(Object.entries(found)).toEqual([
      ['../rauc-ab/rootfs', '/images/rauc-ab/rootfs'],
      ['../rauc-ab/releases/1.0', '/images/rauc-ab/releases/1.0'],
      ['../rauc-ab/releases/1.1', '/images/rauc-ab/releases/1.1'],
      ['../rauc-ab/releases/2.0', '/images/rauc-ab/releases/2.0'],
    ]);
  });

  it('also the scripts of its boot loader', async () => {
    const description = await readDescription(ownImages, 'fullmetalupdate');
    if ('prebuilt' in description || 'feed' in description) throw new Error('fullmetalupdate is built here');
    const found = partsElsewhere(description, '/images/fullmetalupdate');
    expect(found['../ostree/boot']).toBe('/images/ostree/boot');
  });

  it('also the recipes of its releases, and nothing of where its links lead', async () => {
    const found = partsElsewhere(await readDescription(ownImages, 'dnf'), ownImages);
    expect(Object.keys(found)).toEqual(['1.0', '1.1', '1.2'].map((name) => `../rpm/releases/${name}.yaml`));
    const links = { root: { links: { 'etc/mtab': '../proc/self/mounts' } } };
    expect(partsElsewhere(links, ownImages)).toEqual({});
  });

  it('changes the digest where it is a file, too', async () => {
    const [own, other] = [join(folder, 'own'), join(folder, 'other.yaml')];
    await mkdir(own);
    const digest = async (text: string) => {
      await writeFile(other, text);
      return folderDigest(own, [], { '../other.yaml': other });
    };
    expect(await digest('from: rpm\n')).not.toBe(await digest('from: deb\n'));
  });
});
