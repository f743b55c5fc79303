import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/digest.ts';
import { type OstreeImage, readDescription } from '../../../../src/image/description.ts';
import {
  contentOf,
  moduleOf,
  type OstreeRelease,
  ostreeReleases,
} from '../../../../src/image/ostree/ostree-releases.ts';
import { commitName, history } from '../../../../src/image/ostree/repository.ts';
import { ownImages } from '../../../../src/image/own-images.ts';
import { Tree } from '../../../../src/image/tree.ts';

const name = 'fullmetalupdate';
const folder = join(ownImages, name);
let description: OstreeImage;
let releases: OstreeRelease[];

/** As little of a system as a release can be made of. */
function system(): Tree {
  const tree = new Tree();
  tree.addFile('boot/vmlinuz', 'kernel');
  tree.addFile('boot/initrd.img', 'disk');
  tree.addFile('usr/lib/modules/6.1.0/a.ko', 'module');
  tree.addFile('usr/bin/busybox', 'busybox', 0o755);
  tree.addFile('sbin/init', 'init', 0o755);
  tree.addFile('usr/sbin/health-check', 'check', 0o755);
  return tree;
}

beforeAll(async () => {
  const found = await readDescription(ownImages, name);
  if (!('ostree' in found)) throw new Error('no image of OSTree');
  description = found;
  const root = { description, folder };
  releases = await ostreeReleases({
    ...root,
    name,
    machineName: 'qemuarm64',
    root,
    base: { tree: system() },
  });
});

const release = (version: string): OstreeRelease => {
  const found = releases.find((one) => one.version === version);
  if (found === undefined) throw new Error(`no ${version}`);
  return found;
};
const files = (version: string) => {
  const content = contentOf(release(version));
  return content.kind === 'files' ? content.files : {};
};

describe('a release with applications beside its system', () => {
  it('is another system with the applications of the factory, or the same with another application', () => {
    expect(
      releases.map(({ version, changed, apart }) => [
        version,
        commitName(changed),
        changed.after,
        apart === true,
      ]),
    ).toEqual([
      ['1.0', 'stable/1.0', undefined, false],
      ['1.1', 'stable/1.1', '1.0', false],
      ['2.0', 'stable/2.0', '1.1', false],
      ['2.1-broken', 'stable/2.1-broken', '2.0', false],
      ['2.1-hangs', 'stable/2.1-hangs', '2.0', false],
      ['2.1-health', 'stable/2.1-health', '2.0', false],
      ['1.0+gateway-1.1', 'gateway/1.1', '1.0', false],
      ['1.0+gateway-2.0', 'gateway/2.0', '1.1', false],
      ['1.0+gateway-2.1-silent', 'gateway/2.1-silent', '2.0', true],
    ]);
  });

  it('is told by the files of both, and by the name of its system', () => {
    const told = '/apps/gateway/rootfs/etc/application';
    expect(files('1.0')[told]).toBe(sha256('NAME=gateway\nVERSION=1.0\n'));
    expect(files('1.0+gateway-1.1')[told]).toBe(sha256('NAME=gateway\nVERSION=1.1\n'));
    expect(files('1.0+gateway-2.1-silent')[told]).toBe(
      sha256('NAME=gateway\nVERSION=2.1-silent\nSILENT=yes\n'),
    );
    const differs = Object.keys(files('1.0')).filter(
      (path) => files('1.0')[path] !== files('1.0+gateway-1.1')[path],
    );
    expect(differs).toEqual([told, '/apps/gateway/rootfs/usr/share/payload.bin']);
    expect(files('1.1')[told]).toBe(files('1.0')[told]);
    expect(files('1.0')['/apps/monitor/rootfs/bin/busybox']).toBe(sha256('busybox'));
    expect(contentOf(release('1.0+gateway-1.1'))).toMatchObject({ system: '1.0' });
    expect(contentOf(release('1.1'))).not.toHaveProperty('system');
  });

  it('is ordered by the commit of what is other in it', () => {
    const checksum = 'ab'.repeat(32);
    const path = `objects/ab/${'ab'.repeat(31)}.commit`;
    expect(moduleOf(release('1.1'), checksum, { seconds: 20 })).toEqual({
      part: 'os',
      name: 'stable',
      metadata: { rev: checksum },
      path,
    });
    expect(moduleOf(release('1.0+gateway-1.1'), checksum, { seconds: 20 })).toEqual({
      part: 'bApp',
      name: 'gateway',
      metadata: { rev: checksum, autostart: '1', autoremove: '0', notify: '1', timeout: '20' },
      path,
    });
  });

  it('is served with what it follows', () => {
    const commits = releases.map(({ changed }) => changed);
    const names = history(commits, release('1.0+gateway-2.0').changed).map(commitName);
    expect(names).toEqual(['gateway/2.0', 'gateway/1.1']);
    expect(history(commits, release('2.1-broken').changed).map(commitName)).toEqual([
      'stable/2.1-broken',
      'stable/2.0',
      'stable/1.1',
      'stable/1.0',
    ]);
  });

  it('has no applications where the image has none', async () => {
    const { applications, ...plain } = description;
    expect(applications).toBeDefined();
    const root = { description: plain, folder };
    const made = await ostreeReleases({
      ...root,
      name,
      machineName: 'qemuarm64',
      root,
      base: { tree: system() },
    });
    expect(made.map(({ version }) => version)).toEqual(releases.slice(0, 6).map(({ version }) => version));
    expect(made.every(({ applications: beside }) => Object.keys(beside).length === 0)).toBe(true);
  });
});
