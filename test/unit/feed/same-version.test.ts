import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { readPackages } from '../../../src/feed/indexed-package.ts';
import { type Build, sameVersions, sameVersionText } from '../../../src/feed/same-version.ts';
import { testData } from '../../support/data.ts';

async function buildsIn(root: string): Promise<Build[]> {
  const builds: Build[] = [];
  for (const { folder, paths } of (await findFeeds(root, 'ipk')).feeds)
    for (const { about, path } of (await readPackages(folder, paths)).packages) {
      const file = join(folder, path);
      const sha256 = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      builds.push({ ...about, path: file, sha256 });
    }
  return builds;
}

describe('a real build without a PR server, and the one of the day before', () => {
  const before = testData('yocto-kirkstone-aarch64-day-before');
  const after = testData('yocto-kirkstone-aarch64');

  it('ten packages have the same version and other content', async () => {
    const found = await sameVersions(await buildsIn(before), await buildsIn(after));
    expect(found.map(({ name }) => name).sort()).toEqual([
      'avahi-daemon',
      'busybox',
      'dbus-1',
      'dbus-common',
      'iptables',
      'keymaps',
      'libdbus-1-3',
      'openssh-sshd',
      'packagegroup-core-boot',
      'run-postinsts',
    ]);
    const texts = new Map(found.map((one) => [one.name, sameVersionText(one)]));
    expect(texts.get('packagegroup-core-boot')).toBe('packagegroup-core-boot 1.0-r17 (Depends)');
    expect(texts.get('libdbus-1-3')).toBe('libdbus-1-3 1.14.8-r0 (Depends, /usr/lib/libdbus-1.so.3.32.3)');
    expect(texts.get('busybox')).toBe(
      'busybox 1.35.0-r0 (postinst, prerm, /bin/busybox.nosuid, /bin/busybox.suid, /etc/busybox.links.nosuid, /etc/busybox.links.suid)',
    );
    expect(texts.get('keymaps')).toMatch(/^keymaps 1\.0-r31 \(postinst, .* and 1 more\)$/);
  });

  it('a release has nothing of the kind beside itself', async () => {
    const all = await buildsIn(after);
    expect(await sameVersions(all, all)).toEqual([]);
  });
});
