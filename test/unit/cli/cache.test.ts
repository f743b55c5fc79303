import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { hold } from '../../../src/core/holds.ts';
import { printed } from '../../support/printed.ts';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'cache-'));
});
afterEach(() => rm(cache, { recursive: true }));

function brownout(...args: string[]) {
  return printed(args, { BROWNOUT_CACHE: cache });
}

/** A package that was used so many days ago, of so many KiB. */
async function cachedPackage(text: string, days: number, kib: number, digest?: string): Promise<string> {
  const content = Buffer.alloc(kib * 1024, text);
  const path = join(cache, 'debs', `${digest ?? sha256(content)}.deb`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  const used = new Date(Date.now() - days * 86_400_000);
  await utimes(path, used, used);
  return path;
}

describe('brownout cache list', () => {
  it('says that there is nothing', async () => {
    expect(await brownout('cache', 'list')).toEqual({ code: 4, out: `${cache}: 0 B\n`, err: '' });
  });

  it('has a line a kind, or a line a thing: largest first, or what was used longest ago', async () => {
    const [small, large] = [await cachedPackage('small', 40, 40), await cachedPackage('large', 3, 800)];
    await hold(cache, [large]);
    const short = await brownout('cache', 'list');
    expect(short.out).toBe(
      `${cache}: 840.0 KiB\npackages         2  840.0 KiB  the oldest used 40 d ago, 1 in use\n`,
    );
    const lines = async (...more: string[]) =>
      (await brownout('cache', 'list', 'packages', ...more)).out.split('\n').slice(1, -1);
    const [first, second] = await lines();
    expect(first).toMatch(/^packages {4}[0-9a-f]{64}\.deb {2}800\.0 KiB {2}used 3 d ago {2}in use$/);
    expect(second).toMatch(/40\.0 KiB {2}used 40 d ago$/);
    expect(await lines('--sort', 'age')).toEqual([second, first]);
    const { out } = await brownout('cache', 'list', '--json');
    const told = JSON.parse(out) as { bytes: number; entries: { path: string; inUse: boolean }[] };
    expect(told.bytes).toBe(840 * 1024);
    expect(told.entries.map(({ path, inUse }) => [path, inUse])).toEqual([
      [large, true],
      [small, false],
    ]);
  });

  it.each([
    [['list', 'image'], 'found "image"; did you mean "images"?'],
    [['list', '--sort', 'name'], '--sort: expected one of size, age, found "name"'],
    [['prune', '--older-than', '30'], 'an age such as 90m, 36h, 30d or 8w, found "30"'],
    [['prune', '--keep-size', '20GB'], '--keep-size: expected a size'],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await brownout('cache', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe('brownout cache prune', () => {
  it('says what it would take, and then takes it', async () => {
    const [old, fresh] = [await cachedPackage('old', 40, 40), await cachedPackage('fresh', 3, 800)];
    const asked = ['cache', 'prune', '--older-than', '30d'];
    const dry = await brownout(...asked, '--dry-run');
    expect(dry.out).toMatch(
      /^packages .* 40\.0 KiB {2}used 40 d ago\nwould take 1 package: 40\.0 KiB; 800\.0 KiB left\n$/,
    );
    expect([existsSync(old), existsSync(fresh)]).toEqual([true, true]);
    expect((await brownout(...asked, 'steps')).out).toBe('took nothing: 0 B; 0 B of steps left\n');
    expect((await brownout(...asked)).out).toBe('took 1 package: 40.0 KiB; 800.0 KiB left\n');
    expect([existsSync(old), existsSync(fresh)]).toEqual([false, true]);
    const left = await brownout('cache', 'prune', '--json');
    expect(JSON.parse(left.out)).toEqual({
      ...{ cache, dryRun: false, freedBytes: 0, leftBytes: 800 * 1024, taken: [], spared: [] },
    });
  });

  it('leaves what is in use, also where less is to stay', async () => {
    const [held, other] = [await cachedPackage('held', 40, 2000), await cachedPackage('other', 3, 800)];
    await hold(cache, [held]);
    const { code, out } = await brownout('cache', 'prune', '--keep-size', '1M');
    expect([code, out]).toEqual([0, 'took 1 package: 800.0 KiB; 2.0 MiB left; 1 that is in use stays\n']);
    expect([existsSync(held), existsSync(other)]).toEqual([true, false]);
    expect((await brownout('cache', 'prune', '--all')).out).toContain('took nothing');
  });
});

describe('brownout cache verify', () => {
  it('says what is damaged and what to do, and takes it away only where it is told to', async () => {
    expect((await brownout('cache', 'verify')).code).toBe(4);
    const good = await cachedPackage('good', 1, 4);
    const bad = await cachedPackage('bad', 1, 4, '0'.repeat(64));
    const held = await cachedPackage('held', 1, 4, '1'.repeat(64));
    await hold(cache, [held]);
    const told = await brownout('cache', 'verify');
    expect(told.code).toBe(3);
    expect(told.out).toContain(
      `${bad} is not the package that its name says\n  with --remove: it is fetched again`,
    );
    expect(told.out).toContain('(in use: it stays until that ends)');
    expect(told.out).toMatch(
      /whole: 1 package\ndamaged: 2 packages, 2 of them there\nnext: brownout cache verify --remove /,
    );
    expect(existsSync(bad)).toBe(true);
    const removed = await brownout('cache', 'verify', '--remove', '--json');
    expect(removed.code).toBe(3);
    const { entries } = JSON.parse(removed.out) as {
      entries: { path: string; damage: []; removed: boolean }[];
    };
    expect(entries.map(({ path, damage, removed: gone }) => [path, damage.length, gone]).sort()).toEqual(
      [
        [bad, 1, true],
        [good, 0, false],
        [held, 1, false],
      ].sort(),
    );
    expect([existsSync(bad), existsSync(good), existsSync(held)]).toEqual([false, true, true]);
    await rm(held);
    expect((await brownout('cache', 'verify')).out).toBe('whole: 1 package\n');
  });
});
