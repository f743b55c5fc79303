import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../../../../src/core/digest.ts';
import { openSigner } from '../../../../src/feed/sign-release.ts';
import { ownImages } from '../../../../src/image/own-images.ts';
import type { LockedSet } from '../../../../src/image/packages/lock.ts';
import { debPath, fetchSet, isFetched } from '../../../../src/image/packages/packages.ts';
import { snapshotAddress } from '../../../../src/image/packages/snapshot.ts';
import { needPrograms } from '../../../support/host-programs.ts';

const keys = join(ownImages, 'keys');
const signed = new Date('2026-01-01T00:00:00Z');

/** What a package's file is, for those who only compare digests. */
const contentOf = (name: string, version: string) => Buffer.from(`${name} ${version}`);

function locked(name: string, version: string) {
  const content = contentOf(name, version);
  return { name, version, sha256: sha256(content), bytes: content.length };
}

/** The lock of a week ago: the mirror has `a` in a newer version, `b` as it was, and `c` no more. */
const set: LockedSet = {
  suite: 'old-backports',
  architecture: 'amd64',
  packages: [locked('a', '1:1.0+deb13u1'), locked('b', '2'), locked('c', '3~rc1')],
};
const mirrored = [locked('a', '1:1.0+deb13u2'), locked('b', '2')];

async function listening(answer: RequestListener): Promise<{ server: Server; address: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A mirror of one suite. */
const mirror: RequestListener = ({ url = '' }, response) => {
  const index = mirrored
    .map(
      ({ name, version, sha256: digest, bytes }) =>
        `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nFilename: pool/${name}.deb\nSize: ${bytes}\nSHA256: ${digest}\n`,
    )
    .join('\n');
  const pooled = mirrored.find(({ name }) => url.endsWith(`/pool/${name}.deb`));
  const sums = `SHA256:\n ${sha256(Buffer.from(index))} ${index.length} main/binary-amd64/Packages`;
  const release = `Origin: Test\nSuite: old-backports\nCodename: old-backports\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nArchitectures: amd64\nComponents: main\n${sums}\n`;
  if (url.endsWith('/InRelease'))
    void openSigner(join(keys, 'feed.key.asc')).then(async (signer) =>
      response.end(await signer.sign(release, signed)),
    );
  else if (url.endsWith('/Packages')) response.end(index);
  else if (pooled !== undefined) response.end(contentOf(pooled.name, pooled.version));
  else response.writeHead(404).end();
};

/** As snapshot.debian.org answers. `has`: the file of each version, by architecture. */
function archive(has: Record<string, Record<string, Buffer>>, asked: string[]): RequestListener {
  const sha1 = (content: Buffer) => createHash('sha1').update(content).digest('hex');
  const files = Object.values(has).flatMap((of) => Object.values(of));
  return ({ url = '' }, response) => {
    asked.push(url);
    const [, name = '', version = ''] = /^\/mr\/binary\/([^/]+)\/([^/]+)\/binfiles$/.exec(url) ?? [];
    const of = has[`${decodeURIComponent(name)} ${decodeURIComponent(version)}`];
    const file = files.find((content) => url === `/file/${sha1(content)}`);
    if (of !== undefined) {
      const result = Object.entries(of).map(([architecture, content]) => ({
        architecture,
        hash: sha1(content),
      }));
      response.end(JSON.stringify({ _comment: 'x', binary: name, binary_version: version, result }));
    } else if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  };
}

/** The same to whatever is asked. */
function answering(text: string): RequestListener {
  return (_, response) => response.end(text);
}

describe('packages of an old lock', () => {
  needPrograms('apt-get', 'gpgv');
  let cache = '';
  let server: Server;
  const servers: Server[] = [];
  beforeAll(async () => {
    const started = await listening(mirror);
    server = started.server;
    vi.stubEnv('BROWNOUT_DEBIAN_MIRROR', `${started.address}/debian`);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    server.close();
  });
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'brownout-snapshot-'));
  });
  afterEach(async () => {
    for (const one of servers.splice(0)) one.close();
    await rm(cache, { recursive: true });
  });

  const replaced: string[] = [];
  const troubles: string[] = [];
  const fetched = (frozen = false, of = set) => {
    replaced.length = 0;
    troubles.length = 0;
    return fetchSet(of, {
      ...{ cache, frozen, keyring: join(keys, 'feed.cert.asc') },
      onReplaced: (packages) => replaced.push(...packages),
      onTrouble: (trouble) => troubles.push(trouble),
    });
  };

  const [a, b, c] = [contentOf('a', '1:1.0+deb13u1'), contentOf('b', '2'), contentOf('c', '3~rc1')];
  const asked: string[] = [];
  async function snapshot(has: Record<string, Record<string, Buffer>>): Promise<void> {
    asked.length = 0;
    const { server: started, address } = await listening(archive(has, asked));
    servers.push(started);
    vi.stubEnv('BROWNOUT_DEBIAN_SNAPSHOT', `${address}/`);
  }

  const withoutC = { ...set, packages: set.packages.slice(0, 2) };

  it('are replaced where no archive is named, or are missed', async () => {
    vi.stubEnv('BROWNOUT_DEBIAN_SNAPSHOT', '');
    expect(snapshotAddress()).toBeUndefined();
    await expect(fetched()).rejects.toMatchObject({ code: 'package-missing' });
    expect((await fetched(false, withoutC)).packages).toEqual(
      mirrored.map((one) => expect.objectContaining(one) as unknown),
    );
    expect(replaced).toEqual(['a 1:1.0+deb13u1 (now 1:1.0+deb13u2)']);
    await expect(fetched(true, withoutC)).rejects.toMatchObject({
      code: 'locked-version-gone',
      hint: expect.stringMatching('BROWNOUT_DEBIAN_SNAPSHOT') as string,
    });
  });

  it('are found in the archive, also by a frozen build; the mirror is asked first, and the cache before', async () => {
    await snapshot({
      'a 1:1.0+deb13u1': { arm64: contentOf('a', 'of another architecture'), amd64: a },
      'b 2': { amd64: b },
      'c 3~rc1': { all: c },
    });
    expect(await isFetched([set], cache)).toBe(false);
    expect(await fetched(true)).toEqual(set);
    expect([replaced, troubles]).toEqual([[], []]);
    expect(asked.filter((url) => url.startsWith('/mr/')).map(decodeURIComponent)).toEqual([
      '/mr/binary/a/1:1.0+deb13u1/binfiles',
      '/mr/binary/c/3~rc1/binfiles',
    ]);
    expect(asked.filter((url) => url.startsWith('/file/'))).toHaveLength(2);
    for (const one of set.packages)
      expect(await readFile(debPath(cache, one))).toEqual(contentOf(one.name, one.version));
    expect((await readdir(join(cache, 'debs'))).sort()).toEqual(
      set.packages.map((one) => `${one.sha256}.deb`).sort(),
    );
    asked.length = 0;
    expect(await isFetched([set], cache)).toBe(true);
    expect(await fetched(true)).toEqual(set);
    expect(asked).toEqual([]);
  });

  it('are not taken with another content than the lock says', async () => {
    await snapshot({ 'a 1:1.0+deb13u1': { amd64: Buffer.from('something else') } });
    expect((await fetched(false, withoutC)).packages[0]?.version).toBe('1:1.0+deb13u2');
    expect(replaced).toHaveLength(1);
    expect((await readdir(join(cache, 'debs'))).length).toBe(2);
  });

  it.each([
    ['does not answer', undefined],
    ['gives something else', answering('<html>')],
    ['gives more than an answer can have', answering(`{"result": []${' '.repeat(1 << 20)}}`)],
  ])('are replaced where the archive %s, and why is told', async (_, answer) => {
    const { server: closed, address } = await listening(answer ?? mirror);
    vi.stubEnv('BROWNOUT_DEBIAN_SNAPSHOT', address);
    if (answer === undefined) {
      closed.close();
      await once(closed, 'close');
    } else servers.push(closed);
    await fetched(false, withoutC);
    expect(replaced).toHaveLength(1);
    expect(troubles).toHaveLength(1);
  });

  it('come from the archive alone where the mirror is out of reach; what it lacks is the mirror’s error', async () => {
    vi.stubEnv('BROWNOUT_DEBIAN_MIRROR', 'http://127.0.0.1:1/debian');
    await snapshot({ 'a 1:1.0+deb13u1': { amd64: a }, 'b 2': { amd64: b } });
    await expect(fetched()).rejects.toMatchObject({ code: 'index-unreachable' });
    expect(await fetched(true, withoutC)).toEqual(withoutC);
    vi.stubEnv('BROWNOUT_DEBIAN_SNAPSHOT', '');
    await expect(fetched()).rejects.toMatchObject({ code: 'index-unreachable' });
  });
});
