import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBuild } from '../../../src/admission/package-facts.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { writePackage } from '../../../src/package/control/write-package.ts';
import { testData } from '../../support/data.ts';
import { smallPackage } from '../package/small-package.ts';

const place = { machine: 'qemuarm64', release: '1' } as const;
const signal = new AbortController().signal;

describe('readBuild', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-build-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads what the package is, states and brings', async () => {
    const small = smallPackage('tool', '1.0-r0', { License: 'MIT', Source: 'tool_1.0.bb' });
    const bytes = await writePackage({
      ...small,
      files: [
        ...small.files,
        { path: '/lib', type: 'directory', mode: 0o755 },
        {
          path: '/lib/systemd/system/tool.service',
          type: 'file',
          mode: 0o644,
          content: Buffer.from('[Install]\n'),
        },
        {
          path: '/lib/systemd/system-preset/98-tool.preset',
          type: 'file',
          mode: 0o644,
          content: Buffer.from('disable tool.service\n'),
        },
      ],
    });
    const path = join(folder, 'tool_1.0-r0_all.ipk');
    await writeFile(path, bytes);
    const file = 'all/tool_1.0-r0_all.ipk';
    const { facts, conffiles } = await readBuild({ ...place, file, path, bytes: bytes.length }, signal);
    expect(facts).toEqual({
      ...place,
      name: 'tool',
      version: '1.0-r0',
      architecture: 'all',
      file,
      sha256: sha256(bytes),
      bytes: bytes.length,
      stated: { License: 'MIT', Source: 'tool_1.0.bb' },
      conffiles: ['/etc/tool.conf'],
      units: [{ name: 'tool.service', active: false, why: "disabled by the package's preset" }],
    });
    expect([...conffiles]).toEqual([['/etc/tool.conf', Buffer.from('release=1.0-r0\n')]]);
  });
});

describe('a real package', () => {
  const feed = testData('yocto-kirkstone-aarch64');

  it('has its units and conffiles found', async () => {
    const file = 'cortexa53/avahi-daemon_0.8-r0_cortexa53.ipk';
    const { facts } = await readBuild({ ...place, file, path: join(feed, file), bytes: 0 }, signal);
    expect(facts.conffiles).toEqual(['/etc/avahi/avahi-daemon.conf']);
    expect(facts.units.map(({ name, active }) => [name, active])).toEqual([
      ['avahi-daemon.service', true],
      ['avahi-daemon.socket', false],
    ]);
    expect(facts.stated.License).toBe('LGPL-2.1-or-later');
  });
});
