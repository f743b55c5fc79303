import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AptRoot } from '../../../../src/image/packages/apt.ts';
import { resolveSet } from '../../../../src/image/packages/resolve.ts';
import { withCode } from '../../../support/errors.ts';
import { needPrograms } from '../../../support/host-programs.ts';

describe('AptRoot', () => {
  needPrograms('apt-get');
  const empty = createServer((_, response) => response.writeHead(404).end());
  let cache = '';
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'brownout-apt-'));
    await writeFile(join(cache, 'keyring.gpg'), '');
    empty.listen(0, '127.0.0.1');
    await once(empty, 'listening');
  });
  afterAll(async () => {
    empty.close();
    await rm(cache, { recursive: true });
  });

  const open = (keyring: string) => {
    const address = `http://127.0.0.1:${(empty.address() as AddressInfo).port}/debian`;
    const mirror = { main: address, security: `${address}-security` };
    return AptRoot.open(cache, {
      mirror,
      suite: 'trixie',
      architecture: 'amd64',
      keyring: join(cache, keyring),
    });
  };

  it('needs the keys of the archive', async () => {
    await expect(open('none.gpg')).rejects.toMatchObject({
      kind: 'harness',
      code: 'keyring-missing',
      hint: 'install the package debian-archive-keyring',
    });
  });

  it('says so where the mirror has no indexes, and leaves nothing behind', async () => {
    await expect(open('keyring.gpg')).rejects.toThrow(
      withCode('index-unreachable', 'the package indexes of trixie (amd64) could not be fetched'),
    );
    expect(await readdir(join(cache, 'apt'))).toEqual([]);
  });
});

describe('resolveSet', () => {
  const one = (name: string) => ({ name, version: '1', sha256: 'a'.repeat(64), bytes: 1 });
  const apt = {
    closure: (install: readonly string[]) => Promise.resolve([...install, 'libc6'].map(one)),
    versions: (names: readonly string[]) => Promise.resolve(names.filter((name) => name !== 'lost').map(one)),
  };
  const resolve = (install: string[], without: string[] = []) =>
    resolveSet({ suite: 'trixie', install, without }, 'arm64', { open: () => Promise.resolve(apt) });

  it('gives what is installed, by name, but for what is left out', async () => {
    const { packages } = await resolve(['rauc', 'linux-image-{arch}'], ['libc6']);
    expect(packages.map(({ name }) => name)).toEqual(['linux-image-arm64', 'rauc']);
  });

  it('refuses to leave out what would not be there, and what apt has no record of', async () => {
    await expect(resolve(['rauc'], ['perl', 'libc6'])).rejects.toMatchObject({
      kind: 'scenario',
      code: 'package-unneeded',
      message: 'not needed in trixie (arm64) anyway: perl; take them off "without"',
    });
    await expect(resolve(['lost'])).rejects.toMatchObject({ kind: 'harness', code: 'package-unknown' });
  });
});
