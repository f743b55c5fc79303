import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { identityByDeployment } from '../../../src/device/identity-by-deployment.ts';
import type { Shown } from '../../../src/device/release-identity.ts';
import type { ReleaseSpec } from '../../../src/model/image.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { RealExt4 } from '../../support/real-ext4.ts';
import { MemoryDisk } from '../../unit/nbd/memory-disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'brownout-deployment-'));
afterAll(() => rmSync(folder, { recursive: true }));

const commits = { '1.0': 'a'.repeat(64), '2.0': 'b'.repeat(64) };
type Version = keyof typeof commits;
const place = (version: Version) => `/ostree/deploy/os/deploy/${commits[version]}.0`;
const boot = '/boot/ostree/os-c0ffee';
/** Of each release; the files of a deployment are longer than a block, and there are more of them than the host reads. */
const filesOf = (version: Version): Record<string, string> => ({
  '/usr/bin/app': version.repeat(1000),
  '/usr/lib/modules/6.1/vmlinuz': 'kernel',
  '/usr/lib/modules/6.1/initramfs.img': 'ramdisk',
});
const releases = Object.fromEntries(
  (['1.0', '2.0'] as const).map((version): [string, ReleaseSpec] => {
    const path = join(folder, version);
    writeFileSync(path, `${commits[version]}\n`);
    const digests = Object.entries(filesOf(version)).map(([file, text]) => [file, sha256(Buffer.from(text))]);
    return [
      version,
      {
        version,
        content: { kind: 'files', files: Object.fromEntries(digests) as Record<string, string> },
        bundles: {},
        feed: { 'refs/heads/stable': { path, sha256: '', bytes: 65 } },
      },
    ];
  }),
);

/** A disk with both deployments; `debugfs` changes it. */
function disk(debugfs: readonly string[] = []): Buffer {
  using ext4 = new RealExt4();
  const deployed = (version: Version) =>
    Object.entries(filesOf(version)).map(([path, text]) => [`${place(version)}${path}`.slice(1), text]);
  const made = ext4.make({
    ...(Object.fromEntries([...deployed('1.0'), ...deployed('2.0')]) as Record<string, string>),
    'ostree/repo/config': '[core]\n',
    [`${boot}/vmlinuz-6.1`.slice(1)]: 'kernel',
    [`${boot}/initramfs-6.1.img`.slice(1)]: 'ramdisk',
  });
  return debugfs.length === 0 ? made : ext4.after(made, debugfs);
}

/** What is made of a device that calls itself `says`, whose answers fit that, and whose root is this deployment. */
async function look(bytes: Buffer, says: Version, root: string) {
  const answer = (command: string) =>
    command.includes('mountinfo')
      ? `quiet ostree=/ostree/boot.1/os/c0ffee/0 ro\n/\n${root}\n`
      : Object.entries(filesOf(says))
          .map(([path, text]) => `${sha256(Buffer.from(text))}  ${path}\n`)
          .join('');
  const device = {
    resets: 0,
    run: (command: string) =>
      Promise.resolve({ exitCode: 0, stdout: answer(command), stderr: '', truncated: false }),
  };
  const main = new MemoryDisk(bytes.length);
  await main.write(0, Buffer.from(bytes), true);
  const shown: Shown = {
    device,
    subject: { disks: new Map([['main', main]]) },
    seen: { slot: undefined, root: '/dev/vda2', version: says, configuration: [] },
  };
  const scenario = { provision: [], configuration: [] };
  const identity = identityByDeployment(
    { signal: new AbortController().signal, scenario },
    { slots: [], releases },
  );
  return identity.look(shown, { allowed: ['1.0', '2.0'], compare: 'telling', present: [] });
}

describe('a release that is a deployment', () => {
  needPrograms('mke2fs', 'debugfs');

  it('is the one that the host finds on the disk, too', async () => {
    expect(await look(disk(), '2.0', place('2.0'))).toEqual({
      running: { release: '2.0', slot: undefined },
      result: {
        verdict: 'passed',
        message: '2.0 in /dev/vda2, all of 3 files, 5 of them read from the disk',
      },
    });
  });

  it.each<[string, string[], string, RegExp]>([
    ['is another commit', [], place('1.0'), /a deployment of a{12}…/],
    [
      'has a file with other content, whatever the device says',
      [`rm ${place('2.0')}/usr/bin/app`, `ln ${place('1.0')}/usr/bin/app ${place('2.0')}/usr/bin/app`],
      place('2.0'),
      /app has other content$/,
    ],
    ['lacks one', [`rm ${place('2.0')}/usr/bin/app`], place('2.0'), /app cannot be read$/],
    ['was started by no kernel', [`rm ${boot}/vmlinuz-6.1`], place('2.0'), /initial RAM disk are not in/],
  ])('is none where it %s', async (_, changes, root, message) => {
    const { running, result } = await look(disk(changes), '2.0', root);
    expect(running.release).toBeUndefined();
    expect(result).toMatchObject({
      code: 'release-mixed',
      message: expect.stringMatching(message) as string,
    });
  });

  it('cannot be told of a device without a repository', async () => {
    using ext4 = new RealExt4();
    await expect(look(ext4.make({ 'etc/hosts': '' }), '2.0', place('2.0'))).rejects.toMatchObject({
      code: 'observe-failed',
      message: 'no disk of the device has a file system with /ostree/repo',
    });
  });
});
