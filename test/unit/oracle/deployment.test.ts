import { describe, expect, it } from 'vitest';
import { checkDeployment, type DeploymentSeen } from '../../../src/oracle/deployment.ts';

const [old, other] = ['a'.repeat(64), 'b'.repeat(64)];
const files = {
  '/usr/bin/app': 'aa',
  '/usr/lib/modules/6.1/vmlinuz': 'kk',
  '/usr/lib/modules/6.1/initramfs.img': 'ii',
  '/usr/lib/modules/6.1/vfat.ko': 'vv',
};
const expected = { release: '2.0', commits: [old], files };
const seen: DeploymentSeen = {
  folder: `/ostree/deploy/os/deploy/${old}.1`,
  digests: new Map([['/usr/bin/app', 'aa']]),
  loaded: new Map([
    ['/boot/ostree/os-1/vmlinuz-6.1', 'kk'],
    ['/boot/ostree/os-1/initramfs-6.1.img', 'ii'],
  ]),
};

describe('a deployment that the host has read', () => {
  it('is a release where commit, files and kernel are', () => {
    expect(checkDeployment(seen, expected)).toEqual({
      verdict: 'passed',
      message: '3 of them read from the disk',
    });
  });

  it.each<[string, Partial<DeploymentSeen>, RegExp]>([
    ['no deployment', { folder: '/' }, /its root is no deployment: \/$/],
    [
      'one of another commit',
      { folder: `/ostree/deploy/os/deploy/${other}.0` },
      /a deployment of b{12}…, which is no commit of that release$/,
    ],
    [
      'one with another file',
      { digests: new Map([['/usr/bin/app', 'xx']]) },
      /not that: \/usr\/bin\/app has other/,
    ],
    [
      'one without a file',
      { digests: new Map([['/usr/bin/app', undefined]]) },
      /not that: \/usr\/bin\/app cannot be read$/,
    ],
    [
      'one that was started by another kernel',
      {
        loaded: new Map([
          ['/boot/ostree/os-1/vmlinuz-6.1', 'vv'],
          ['/boot/ostree/os-1/initramfs-6.1.img', 'ii'],
        ]),
      },
      /vmlinuz-6\.1 has other content$/,
    ],
    ['one whose kernel nobody finds', { loaded: new Map() }, /are not in \/boot\/ostree$/],
  ])('is not where it is %s', (_, wrong, message) => {
    expect(checkDeployment({ ...seen, ...wrong }, expected)).toMatchObject({
      verdict: 'failed',
      code: 'release-mixed',
      message: expect.stringMatching(message) as string,
    });
  });
});
