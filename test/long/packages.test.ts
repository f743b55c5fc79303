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
