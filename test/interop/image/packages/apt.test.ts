import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/digest.ts';
import { openSigner } from '../../../../src/feed/sign-release.ts';
import { ownImages } from '../../../../src/image/own-images.ts';
import { AptRoot } from '../../../../src/image/packages/apt.ts';
import { resolveAlone, resolveSet } from '../../../../src/image/packages/resolve.ts';
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

describe('an archive whose indexes are past their date', () => {
  needPrograms('apt-get', 'gpgv');
  const keys = join(ownImages, 'keys');
  const packages = `Package: a\nVersion: 1\nArchitecture: amd64\nFilename: a.deb\nSize: 1\nSHA256: ${'a'.repeat(64)}\n`;
  const asked: string[] = [];
  const archive = createServer((request, response) => {
    const [, suite = '', file = ''] = /dists\/([^/]+)\/(.*)$/.exec(request.url ?? '') ?? [];
    asked.push(suite);
    const listed = file === 'InRelease' ? inRelease(suite) : undefined;
    if (listed !== undefined) void listed.then((text) => response.end(text));
    else if (file === 'main/binary-amd64/Packages') response.end(packages);
    else response.writeHead(404).end();
  });
  async function inRelease(suite: string): Promise<string> {
    const dates = 'Date: Fri, 30 Oct 2020 08:08:01 UTC\nValid-Until: Fri, 06 Nov 2020 08:08:01 UTC';
    const sums = `SHA256:\n ${sha256(Buffer.from(packages))} ${packages.length} main/binary-amd64/Packages`;
    const text = `Origin: Test\nSuite: ${suite}\nCodename: ${suite}\n${dates}\nArchitectures: amd64\nComponents: main\n${sums}\n`;
    return (await openSigner(join(keys, 'feed.key.asc'))).sign(text, new Date('2020-10-30T08:08:01Z'));
  }
  let cache = '';
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'brownout-apt-'));
    archive.listen(0, '127.0.0.1');
    await once(archive, 'listening');
  });
  afterAll(async () => {
    archive.close();
    await rm(cache, { recursive: true });
  });
  const open = (keyring: string, checkValidUntil?: false, suite = 'old') => {
    const address = `http://127.0.0.1:${(archive.address() as AddressInfo).port}/debian`;
    const mirror = { main: address, security: `${address}-security` };
    return AptRoot.open(cache, { mirror, suite, architecture: 'amd64', keyring, checkValidUntil });
  };

  it('is refused, and taken where its date is not to be checked', async () => {
    const keyring = join(keys, 'feed.cert.asc');
    await expect(open(keyring)).rejects.toThrow(/is expired/);
    await using root = await open(keyring, false);
    expect((await root.versions(['a'])).map(({ name, version }) => `${name} ${version}`)).toEqual(['a 1']);
  });

  it('of backports has no updates and no security fixes beside it', async () => {
    asked.length = 0;
    await using root = await open(join(keys, 'feed.cert.asc'), false, 'old-backports');
    expect(await root.versions(['a'])).toHaveLength(1);
    expect(new Set(asked)).toEqual(new Set(['old-backports']));
  });

  it('is refused all the same where nobody vouches for it', async () => {
    const nobody = join(cache, 'nobody.gpg');
    await writeFile(nobody, '');
    await expect(open(nobody, false)).rejects.toMatchObject({ code: 'index-unreachable' });
  });
});

describe('resolveAlone', () => {
  const one = (name: string) => ({ name, version: '1', sha256: 'a'.repeat(64), bytes: 1 });
  const asked: unknown[] = [];
  const indexes = {
    open: (...of: unknown[]) => {
      asked.push(of);
      return Promise.resolve({
        versions: (names: readonly string[]) =>
          Promise.resolve(names.filter((name) => name !== 'lost').map(one)),
      });
    },
  };

  it('gives the packages without what they need, and says where their date is not to be checked', async () => {
    const alone = { suite: 'forky', install: ['updater-{arch}', 'b'], checkValidUntil: false };
    const set = await resolveAlone(alone, 'arm64', indexes);
    expect(set).toMatchObject({ suite: 'forky', checkValidUntil: false });
    expect(set.packages.map(({ name }) => name)).toEqual(['b', 'updater-arm64']);
    const checked = await resolveAlone({ ...alone, checkValidUntil: true }, 'arm64', indexes);
    expect(checked).not.toHaveProperty('checkValidUntil');
    expect(asked).toEqual([
      ['forky', 'arm64', false],
      ['forky', 'arm64', undefined],
    ]);
  });

  it('refuses what the suite does not have', async () => {
    const alone = { suite: 'forky', install: ['lost'], checkValidUntil: true };
    await expect(resolveAlone(alone, 'arm64', indexes)).rejects.toMatchObject({ code: 'package-unknown' });
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
