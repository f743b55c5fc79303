import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { indexFeed } from '../../../src/feed/index-feed.ts';
import { readPackage } from '../../../src/package/package-file.ts';
import { listFiles } from '../../../src/package/packaged-files.ts';
import { testData } from '../../support/data.ts';
import { needPrograms } from '../../support/host-programs.ts';

const stanzas = (text: string) => text.split(/(?<=\n\n)/);
const byPackage = (a: string, b: string) =>
  a.slice(0, a.indexOf('\n')) < b.slice(0, b.indexOf('\n')) ? -1 : 1;

describe('the index of a real Yocto feed', () => {
  const data = testData('yocto-kirkstone-aarch64');

  it('has every stanza that opkg-make-index wrote, to the byte', async () => {
    const { deploy, feeds } = await findFeeds(data, 'ipk');
    expect(deploy).toBe(true);
    let count = 0;
    for (const feed of feeds) {
      const real = gunzipSync(await readFile(join(feed.folder, 'Packages.gz'))).toString();
      const { text, packages, leftOut } = await indexFeed(feed, 'ipk');
      // The folder holds some packages of a larger feed; its index was cut down to them and sorted by name.
      expect(stanzas(text).sort(byPackage).join('')).toBe(real);
      expect({ packages, leftOut }).toEqual({ packages: stanzas(real).length, leftOut: [] });
      count += packages;
    }
    expect({ feeds: feeds.length, count }).toEqual({ feeds: 3, count: 85 });
  }, 60_000);
});

describe('the packages of a real Yocto feed', () => {
  needPrograms('xz');
  const data = testData('yocto-kirkstone-aarch64');

  it('list what they install, and their conffiles are among it', async () => {
    const { feeds } = await findFeeds(data, 'ipk');
    const conffiles: string[] = [];
    let files = 0;
    for (const { folder, paths } of feeds) {
      for (const path of paths) {
        const about = await readPackage(join(folder, path));
        const listed = await listFiles(join(folder, path), { digests: about.conffiles.length > 0 });
        files += listed.filter(({ type }) => type === 'file').length;
        for (const conffile of about.conffiles)
          expect(listed.find((one) => one.path === conffile)?.sha256).toMatch(/^[0-9a-f]{64}$/);
        conffiles.push(...about.conffiles);
      }
    }
    expect(files).toBe(659);
    expect(conffiles).toEqual(
      expect.arrayContaining(['/etc/fstab', '/etc/ssh/sshd_config', '/etc/systemd/system.conf']),
    );
  }, 120_000);
});
