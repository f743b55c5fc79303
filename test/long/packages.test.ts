import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brownout, projectFolder, recordOf, recordsOf, temporaryFolder } from '../integration/cli.ts';
import { testData } from '../support/data.ts';

describe('a Yocto device of real packages', () => {
  testData('yocto-kirkstone-aarch64');

  it('is upgraded by its opkg from a feed, and keeps what its owner changed', async () => {
    await using folder = await temporaryFolder();
    const scenario = join(projectFolder, 'scenarios', 'opkg', 'openssh-update.yaml');
    const result = await brownout([
      'run',
      scenario,
      '--power-cuts',
      'none',
      '--json',
      '--reports',
      folder.path,
    ]);
    expect(result.code, result.stderr).toBe(0);
    const [path] = recordOf(result).paths;
    expect(path?.configuration?.[0]?.files).toMatchObject([
      {
        path: '/etc/ssh/sshd_config',
        case: 'edited, default changed',
        fate: 'preserved',
        copies: [{ path: '/etc/ssh/sshd_config-opkg', holds: 'the new default' }],
      },
    ]);
    const software = path?.software?.[0];
    expect(software?.diff).toMatchObject({
      changes: [
        { kind: 'upgraded', name: 'openssh-sshd', after: { version: '8.9p1-r1', state: 'installed' } },
      ],
      unchanged: 79,
    });
    for (const document of software?.documents ?? []) {
      const text = await readFile(join(folder.path, 'latest', document), 'utf8');
      expect(text).toContain('8.9p1-r1');
    }
  });
});

describe('a Yocto device of 2026, whose programs are 32-bit ones', () => {
  testData('yocto-2026-armv7');

  it('is upgraded by opkg 0.9.0 from a feed, and keeps what its owner changed', async () => {
    await using folder = await temporaryFolder();
    const scenario = join(projectFolder, 'scenarios', 'opkg', 'stable-updates-2026.yaml');
    const more = ['--power-cuts', 'none', '--json', '--reports', folder.path];
    const result = await brownout(['run', scenario, ...more]);
    expect(result.code, result.stderr).toBe(0);
    const [path] = recordOf(result).paths;
    expect(path?.configuration?.[0]?.files).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          path: '/etc/hosts',
          case: 'edited, default changed',
          fate: 'preserved',
          copies: [expect.objectContaining({ path: '/etc/hosts-opkg', holds: 'the new default' })],
        }),
      ]),
    );
    expect(path?.software?.[0]?.diff).toMatchObject({
      changes: [
        { kind: 'upgraded', name: 'base-files', after: { version: '3.0.14-r0.1' } },
        { kind: 'upgraded', name: 'curl' },
        { kind: 'upgraded', name: 'netbase' },
      ],
    });
  });
});

describe('a Debian device', () => {
  it('is taken to a later release and back by apt, and by dpkg alone', async () => {
    await using folder = await temporaryFolder();
    const scenarios = ['apt', 'dpkg'].map((agent) =>
      join(projectFolder, 'test', 'scenarios', `${agent}-there-and-back.yaml`),
    );
    const result = await brownout([
      'run',
      ...scenarios,
      ...['--machine', 'qemux86-64', '--power-cuts', 'none', '--jobs', '2', '--json'],
      ...['--reports', folder.path],
    ]);
    expect(result.code, result.stderr).toBe(0);
    for (const { paths } of recordsOf(result)) {
      const [there, back] = paths[0]?.software ?? [];
      expect(there?.diff.changes.map(({ kind }) => kind)).toEqual(Array(6).fill('upgraded'));
      expect(back?.diff.changes.map(({ kind }) => kind)).toEqual(Array(6).fill('downgraded'));
    }
  });
});
