import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey, readKey } from 'openpgp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { serveFolder } from '../../../src/feed/http-server.ts';
import { writeIndexes } from '../../../src/feed/index-feed.ts';
import { openSigner } from '../../../src/feed/sign-release.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { smallPackageFile } from '../../unit/package/small-package.ts';

const keys = join(import.meta.dirname, '..', '..', '..', 'images', 'keys');
const keyFile = join(keys, 'feed.key.asc');
const certificate = join(keys, 'feed.cert.asc');
const date = new Date('2026-01-31T12:00:05Z');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-sign-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A keyring as gpgv takes it. */
async function keyring(armored: string): Promise<string> {
  const path = join(folder, 'ring.gpg');
  await writeFile(path, (await readKey({ armoredKey: armored })).write());
  return path;
}

async function another(passphrase?: string) {
  return generateKey({
    userIDs: [{ name: 'stranger' }],
    curve: 'ed25519Legacy',
    type: 'ecc',
    date: new Date('2020-01-01T00:00:00Z'),
    format: 'armored',
    ...(passphrase === undefined ? {} : { passphrase }),
  });
}

/** A signed feed in a folder of that name below `folder`. */
async function signedFeed(name = 'feed', packages = { a: '1.0', b: '1.0' }): Promise<string> {
  const feed = join(folder, name);
  await mkdir(feed);
  for (const [name, version] of Object.entries(packages))
    await writeFile(
      join(feed, `${name}.deb`),
      await smallPackageFile(name, version, { Maintainer: 'm <m@x.example>', Description: 'd' }),
    );
  const signer = await openSigner(keyFile);
  const release = { suite: 'edge', date, signer };
  const [written] = await writeIndexes(feed, await findFeeds(feed, 'deb'), 'deb', { release });
  expect(written).toMatchObject({ forApt: ['Release', 'InRelease'], stale: [], architectures: ['all'] });
  expect(written?.files.map(({ path }) => path)).toEqual(['Packages.gz', 'Packages', 'Release', 'InRelease']);
  return feed;
}

describe('gpgv', () => {
  needPrograms('gpgv');

  const verify = (ring: string, file: string, output: string) =>
    spawnSync('gpgv', ['--keyring', ring, '--output', output, file], { encoding: 'utf8' });

  it('takes InRelease, and finds Release in it', async () => {
    const feed = await signedFeed();
    const inside = join(folder, 'inside');
    const ring = await keyring(await readFile(certificate, 'utf8'));
    const result = verify(ring, join(feed, 'InRelease'), inside);
    expect(result.stderr).toContain('Good signature from "brownout test feed <feed@brownout.test>"');
    expect(result.status).toBe(0);
    expect(await readFile(inside, 'utf8')).toBe(await readFile(join(feed, 'Release'), 'utf8'));
  });

  it("refuses a changed one, and a stranger's key", async () => {
    const file = join(await signedFeed(), 'InRelease');
    const stranger = await keyring((await another()).publicKey);
    expect(verify(stranger, file, join(folder, 'out')).stderr).toContain("Can't check signature");
    await writeFile(file, (await readFile(file, 'utf8')).replace('Suite: edge', 'Suite: edgy'));
    const ring = await keyring(await readFile(certificate, 'utf8'));
    const result = verify(ring, file, join(folder, 'other'));
    expect(result.stderr).toContain('BAD signature');
    expect(result.status).not.toBe(0);
  });
});

describe('apt', () => {
  needPrograms('apt-get', 'apt-cache', 'gpgv');

  /** Runs apt with everything of its own below `folder`, on one source. */
  async function apt(program: string, source: string, ...args: string[]) {
    for (const path of ['etc/preferences.d', 'state/lists/partial', 'cache/archives/partial'])
      await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, 'status'), '');
    await writeFile(join(folder, 'sources.list'), `${source}\n`);
    const options = {
      'Dir::Etc': join(folder, 'etc'),
      'Dir::Etc::SourceList': join(folder, 'sources.list'),
      'Dir::State': join(folder, 'state'),
      'Dir::State::status': join(folder, 'status'),
      'Dir::Cache': join(folder, 'cache'),
      'APT::Sandbox::User': '',
      'Acquire::Languages': 'none',
    };
    const set = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    // Not spawnSync: the server runs in this process.
    return new Promise<{ status: number | null; said: string }>((done) => {
      const child = spawn(program, [...set, ...args], { env: { ...process.env, LC_ALL: 'C' } });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (more: string) => (said += more));
      child.on('close', (status) => done({ status, said }));
    });
  }

  it('takes the signed feed as it is served, without a warning', async () => {
    const feed = await signedFeed();
    await using server = await serveFolder({ root: folder, onNotice: () => undefined });
    const source = (key: string) => `deb [signed-by=${key}] ${server.hostUrl('/feed/')} ./`;
    const updated = await apt('apt-get', source(certificate), 'update');
    expect(updated.said).not.toMatch(/^[WE]:/m);
    expect(updated.status).toBe(0);
    const policy = await apt('apt-cache', source(certificate), 'policy', 'b');
    expect(policy.said).toMatch(/Candidate: 1\.0\n/);
    const origins = await apt('apt-cache', source(certificate), 'policy');
    expect(origins.said).toContain('o=brownout,a=edge,n=edge,l=feed');
    const plan = await apt('apt-get', source(certificate), '--simulate', 'install', 'a');
    expect(plan.said).toContain('Inst a (1.0 feed:edge [all])');

    const stranger = join(folder, 'stranger.asc');
    await writeFile(stranger, (await another()).publicKey);
    await rm(join(folder, 'state'), { recursive: true });
    const refused = await apt('apt-get', source(stranger), 'update');
    expect(refused.said).toContain('NO_PUBKEY');
    expect(refused.status).not.toBe(0);

    await writeFile(join(feed, 'Packages.gz'), 'other');
    await rm(join(feed, 'Packages'));
    await rm(join(folder, 'state'), { recursive: true });
    const torn = await apt('apt-get', source(certificate), 'update');
    expect(torn.status).not.toBe(0);
  }, 60_000);

  it('takes the newer package of two feeds that are served together', async () => {
    await signedFeed('upstream', { a: '1.0-r0', b: '1.0-r0' });
    await signedFeed('local', { a: '1.0-r0.1', b: '1.0-r0' });
    await using server = await serveFolder({ root: folder, onNotice: () => undefined });
    const sources = ['upstream', 'local']
      .map((name) => `deb [signed-by=${certificate}] ${server.hostUrl(`/${name}/`)} ./`)
      .join('\n');
    const updated = await apt('apt-get', sources, 'update');
    expect(updated.said).not.toMatch(/^[WE]:/m);
    const plan = await apt('apt-get', sources, '--simulate', 'install', 'a', 'b');
    expect(plan.said).toContain('Inst a (1.0-r0.1 local:edge [all])');
    expect(plan.said).toContain('Inst b (1.0-r0 upstream:edge, local:edge [all])');
  }, 60_000);
});
