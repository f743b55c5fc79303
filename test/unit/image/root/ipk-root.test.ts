import { describe, expect, it } from 'vitest';
import { type IpkToInstall, ipkRoot } from '../../../../src/image/root/ipk-root.ts';
import { withCode } from '../../../support/errors.ts';
import { onlyStanza } from '../../../support/stanza.ts';

const file = (path: string, content: string, mode = 0o644) => ({
  path,
  type: 'file' as const,
  mode,
  uid: 0,
  gid: 0,
  bytes: content.length,
  content: Buffer.from(content),
});

const sshd: IpkToInstall = {
  about: {
    format: 'ipk',
    name: 'sshd',
    version: '8.9-r0',
    architecture: 'cortexa53',
    control: onlyStanza(
      'Package: sshd\nVersion: 8.9-r0\nDepends: libc6 (>= 2.35)\nArchitecture: cortexa53\n',
    ),
    conffiles: ['/etc/sshd_config'],
    scripts: new Map([['postinst', '#!/bin/sh\nexit 0\n']]),
  },
  files: [
    { path: '/', type: 'directory', mode: 0o755, uid: 0, gid: 0, bytes: 0 },
    file('/etc/sshd_config', 'Port 22\n'),
    file('/usr/sbin/sshd', 'program', 0o4755),
    { ...file('/usr/sbin/in.sshd', '', 0o755), type: 'link', target: './usr/sbin/sshd' },
    {
      path: '/sbin/sshd',
      type: 'symlink',
      mode: 0o777,
      uid: 0,
      gid: 0,
      bytes: 0,
      target: '../usr/sbin/sshd',
    },
  ],
};

describe('ipkRoot', () => {
  const tree = ipkRoot([sshd], 1_767_225_600);
  const text = (path: string) => {
    const node = tree.get(path);
    return node?.type === 'file' ? node.content.toString() : undefined;
  };

  it('unpacks files with their modes, hard links as copies, and follows no link of a merged /usr', () => {
    expect(tree.get('usr/sbin/sshd')).toMatchObject({ type: 'file', mode: 0o4755 });
    expect(text('usr/sbin/in.sshd')).toBe('program');
    expect(tree.get('sbin/sshd')).toEqual({ type: 'symlink', target: '../usr/sbin/sshd' });
  });

  it('writes the database as opkg does: unpacked, with the conffiles as they were shipped', () => {
    expect(text('var/lib/opkg/status')).toBe(`Package: sshd
Version: 8.9-r0
Depends: libc6 (>= 2.35)
Status: install user unpacked
Architecture: cortexa53
Conffiles:
 /etc/sshd_config 4cffd1d0d47522d5db7cd2e3b5fdf40e
Installed-Time: 1767225600

`);
    expect(text('var/lib/opkg/info/sshd.list')).toBe(
      '/etc/sshd_config\n/usr/sbin/sshd\n/usr/sbin/in.sshd\n/sbin/sshd\n',
    );
    expect(text('var/lib/opkg/info/sshd.conffiles')).toBe('/etc/sshd_config\n');
    expect(tree.get('var/lib/opkg/info/sshd.postinst')).toMatchObject({ mode: 0o755 });
  });

  it('refuses what it cannot hold', () => {
    const device = { ...file('/dev/null', ''), type: 'character-device' as const };
    expect(() => ipkRoot([{ ...sshd, files: [...sshd.files, device] }], 0)).toThrow(
      withCode('image-packages', 'sshd: /dev/null is a character-device'),
    );
    expect(() => ipkRoot([{ ...sshd, files: [] }], 0)).toThrow(
      withCode('image-packages', 'its conffile /etc/sshd_config is not in it'),
    );
  });
});
