import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertHost, assertNode, checkHost, packagesOf } from '../../../src/host/check.ts';
import { withCode } from '../../support/errors.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-host-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function program(name: string, mode = 0o755): Promise<void> {
  await writeFile(join(folder, name), '');
  await chmod(join(folder, name), mode);
}

const names = async (scope: Parameters<typeof checkHost>[0]) =>
  packagesOf(await checkHost(scope, { PATH: folder }));

describe('checkHost', () => {
  it('finds what is missing by looking on the path', async () => {
    expect(await names({ purposes: ['run'] })).toEqual([
      'qemu-system-x86',
      'qemu-system-arm',
      'util-linux',
      'perl-base',
    ]);
    await program('qemu-system-x86_64');
    await program('setpriv');
    await program('perl');
    expect(await names({ purposes: ['run'] })).toEqual(['qemu-system-arm']);
  });

  it('asks only for the machines that will run', async () => {
    expect(await names({ purposes: ['run'], machines: ['qemuarm64'] })).toEqual([
      'qemu-system-arm',
      'util-linux',
      'perl-base',
    ]);
  });

  it('does not take a file that cannot be run', async () => {
    await program('setpriv', 0o644);
    expect(await names({ purposes: ['run'] })).toContain('util-linux');
  });

  it('names each package once', async () => {
    expect((await names({ purposes: ['test'] })).filter((name) => name === 'libnbd-bin')).toHaveLength(1);
  });
});

describe('assertHost', () => {
  it('names what is missing and what to do', async () => {
    await expect(
      assertHost({ purposes: ['run'], machines: ['qemuarm64'] }, { PATH: folder }),
    ).rejects.toMatchObject({
      kind: 'harness',
      code: 'host-incomplete',
      message: 'this host lacks qemu-system-aarch64, setpriv, perl',
      hint: 'run: brownout setup (installs qemu-system-arm, util-linux, perl-base)',
    });
  });
});

describe('assertNode', () => {
  it.each(['18.20.1', '20.18.3', '19.99.0'])('refuses %s', (version) => {
    expect(() => assertNode(version)).toThrow(
      withCode('node-too-old', `Node.js 20.19 or newer is needed; this is ${version}`),
    );
  });
  it.each(['20.19.0', '22.1.0', '24.0.0-nightly'])('takes %s', (version) => {
    expect(() => assertNode(version)).not.toThrow();
  });
});
