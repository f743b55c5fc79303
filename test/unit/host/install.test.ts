import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HarnessError } from '../../../src/core/errors.ts';
import { type Installer, installHost } from '../../../src/host/install.ts';
import type { Command } from '../../../src/process/run.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-install-'));
});
afterEach(() => rm(folder, { recursive: true }));

const scope = { purposes: ['run'], machines: ['qemuarm64'] } as const;

/** An apt that notes what it is asked for; the first `failures` installations fail, the others bring `brings`. */
function fakeApt({
  uid = 0,
  programs = ['apt-get', 'sudo'],
  failures = 0,
  brings = ['qemu-system-aarch64', 'setpriv', 'perl'],
} = {}) {
  const asked: string[] = [];
  let left = failures;
  const installer: Installer = {
    uid,
    environment: { PATH: folder },
    has: (program) => Promise.resolve(programs.includes(program)),
    async run({ program, args }: Command) {
      asked.push([program, ...args].join(' '));
      if (!args.includes('install')) return;
      if (left > 0) {
        left -= 1;
        throw new HarnessError(
          'command-failed',
          'apt-get ended with 100: first\nE: Unable to locate package qemu-system-arm',
        );
      }
      for (const name of brings) {
        await writeFile(join(folder, name), '');
        await chmod(join(folder, name), 0o755);
      }
    },
  };
  const notices: string[] = [];
  return {
    asked,
    notices,
    install: () => installHost({ scope, installer, onNotice: (text) => notices.push(text) }),
  };
}

const command = 'env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -o DPkg::Lock::Timeout=300';

describe('installHost', () => {
  it('installs what is missing, and nothing the second time', async () => {
    const { asked, install } = fakeApt();
    expect(await install()).toHaveLength(3);
    expect(await install()).toEqual([]);
    expect(asked).toEqual([
      `${command} install -y --no-install-recommends qemu-system-arm util-linux perl-base`,
    ]);
  });

  it('updates the package lists only when that is needed', async () => {
    const { asked, notices, install } = fakeApt({ failures: 1 });
    await install();
    expect(asked.map((line) => line.slice(command.length + 1).split(' ')[0])).toEqual([
      'install',
      'update',
      'install',
    ]);
    expect(notices[1]).toContain('Unable to locate package qemu-system-arm');
  });

  it('uses sudo where it is not root', async () => {
    const { asked, install } = fakeApt({ uid: 1000 });
    await install();
    expect(asked[0]).toMatch(/^sudo env DEBIAN_FRONTEND=noninteractive /);
  });

  it('lists what to install where there is no apt', async () => {
    const { asked, install } = fakeApt({ programs: [] });
    await expect(install()).rejects.toMatchObject({
      kind: 'harness',
      code: 'apt-missing',
      message:
        'this host has no apt-get; install by hand:\n  qemu-system-aarch64 (Debian: qemu-system-arm)\n  setpriv (Debian: util-linux)\n  perl (Debian: perl-base)',
    });
    expect(asked).toEqual([]);
  });

  it('gives the command where there is neither root nor sudo', async () => {
    const { install } = fakeApt({ uid: 1000, programs: ['apt-get'] });
    await expect(install()).rejects.toMatchObject({
      code: 'not-root',
      hint: 'run as root: apt-get install --no-install-recommends qemu-system-arm util-linux perl-base',
    });
  });

  it('reports what apt said when it cannot', async () => {
    const { install } = fakeApt({ failures: 2 });
    await expect(install()).rejects.toThrow(
      'could not install qemu-system-arm, util-linux, perl-base: E: Unable to locate package',
    );
  });

  it('does not believe an installation that brought nothing', async () => {
    const { install } = fakeApt({ brings: ['setpriv', 'perl'] });
    await expect(install()).rejects.toThrow('but qemu-system-aarch64 cannot be found');
  });
});
