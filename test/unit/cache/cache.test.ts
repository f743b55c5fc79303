import { link, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CacheEntry, cacheEntries } from '../../../src/cache/contents.ts';
import { totalBytes } from '../../../src/cache/disk-use.ts';
import { chooseEntries, type PruneLimits, takeAway } from '../../../src/cache/prune.ts';
import { Verifier } from '../../../src/cache/verify.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { hold } from '../../../src/core/holds.ts';
import { processTag } from '../../../src/core/process-tag.ts';
import { slotLab } from '../../support/simulated/lab.ts';

const block = 4096;
const day = 86_400_000;
const now = new Date('2026-06-01T12:00:00Z');
const signal = new AbortController().signal;
const [place = ''] = processTag().split('-');
const dead = `${place}-${2 ** 22 + 1}`;

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'cache-'));
});
afterEach(() => rm(cache, { recursive: true }));

/** A file of so many blocks below the cache. */
async function file(way: string, blocks = 1, fill = way): Promise<string> {
  const path = join(cache, way);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.alloc(blocks * block, fill));
  return path;
}

async function usedDaysAgo(way: string, days: number): Promise<void> {
  const when = new Date(now.getTime() - days * day);
  await utimes(join(cache, way), when, when);
}

async function content(): Promise<string[]> {
  return (await cacheEntries(cache)).map(({ kind, name }) => `${kind} ${name}`).sort();
}

const image = 'images/a/qemuarm64/0000000000000001';
const other = 'images/a/qemuarm64/0000000000000002';

/**
 * Two images of one file each, which the steps of their builds have too; a package of the older image, one of none; what a
 * killed process has left and what a living one makes.
 */
async function filled(): Promise<void> {
  const packages = ['of the image', 'of none'].map((text) => sha256(text));
  for (const [i, at] of [image, other].entries()) {
    const made = await file(`steps/disk-${i}/disk.img`, 100);
    await mkdir(join(cache, at), { recursive: true });
    await link(made, join(cache, at, 'disk.img'));
    await writeFile(join(cache, at, 'manifest.json'), `{\n  "sha256": "${packages[i * 2]}"\n}`);
    await usedDaysAgo(`steps/disk-${i}`, 20 - i);
    await usedDaysAgo(at, 10 - i * 5);
  }
  await file(`images/a/qemuarm64/0000000000000009.replaced.json`);
  await writeFile(
    join(cache, 'images/a/qemuarm64/0000000000000009.replaced.json'),
    '{"key":"0000000000000001","notices":[]}',
  );
  for (const digest of packages) {
    await file(`debs/${digest}.deb`, 10);
    await usedDaysAgo(`debs/${digest}.deb`, 30);
  }
  await file(`steps/slot.${dead}-00000000.tmp/slot`, 5);
  await file(`work/${dead}-abcdef/arena`, 5);
  await file(`work/${processTag()}-abcdef/arena`, 5);
}

async function chosen(limits: PruneLimits, entries?: CacheEntry[]): Promise<string[]> {
  const all = entries ?? (await cacheEntries(cache));
  return chooseEntries(all, limits).map(({ kind, name }) => `${kind} ${name}`);
}

describe('a cache', () => {
  it('is empty where there is none', async () => {
    expect(await cacheEntries(join(cache, 'none'))).toEqual([]);
  });

  it('is told by kind, each file counted once whatever it is called', async () => {
    await filled();
    const entries = await cacheEntries(cache);
    expect(new Set(entries.map(({ kind }) => kind))).toEqual(
      new Set(['images', 'steps', 'packages', 'unfinished']),
    );
    const bytes = (...names: string[]) =>
      totalBytes(entries.filter(({ name }) => names.includes(name)).map(({ use }) => use));
    const whole = bytes('a/qemuarm64/0000000000000001');
    expect(whole).toBeGreaterThanOrEqual(100 * block);
    expect(bytes('a/qemuarm64/0000000000000001', 'disk-0') - whole).toBeLessThan(10 * block);
  });

  it('counts packages as used when an image that is made of them was', async () => {
    await filled();
    const used = Object.fromEntries((await cacheEntries(cache)).map(({ name, used: when }) => [name, when]));
    const ago = (text: string) => (now.getTime() - (used[`${sha256(text)}.deb`]?.getTime() ?? 0)) / day;
    expect([ago('of the image'), ago('of none')]).toEqual([10, 30]);
  });
});

describe('pruning', () => {
  const stale = [`unfinished steps/slot.${dead}-00000000.tmp`, `unfinished work/${dead}-abcdef`];

  it('without a limit takes what killed processes have left, and nothing else', async () => {
    await filled();
    expect((await chosen({})).sort()).toEqual(stale);
  });

  it('takes what was not used for so long', async () => {
    await filled();
    const before = new Date(now.getTime() - 7 * day);
    expect((await chosen({ before })).filter((one) => !stale.includes(one))).toEqual([
      `packages ${sha256('of none')}.deb`,
      'steps disk-0',
      'steps disk-1',
      `packages ${sha256('of the image')}.deb`,
      'images a/qemuarm64/0000000000000001',
    ]);
  });

  it('takes what was used longest ago until the rest is small enough', async () => {
    await filled();
    const entries = await cacheEntries(cache);
    const keepBytes = 110 * block;
    const names = await chosen({ keepBytes }, entries);
    // Taking the steps frees nothing while their image is there.
    expect(names.filter((one) => !stale.includes(one))).toEqual([
      `packages ${sha256('of none')}.deb`,
      'steps disk-0',
      'steps disk-1',
      `packages ${sha256('of the image')}.deb`,
      'images a/qemuarm64/0000000000000001',
    ]);
    const left = entries.filter(({ kind, name }) => !names.includes(`${kind} ${name}`));
    expect(totalBytes(left.map(({ use }) => use))).toBeLessThanOrEqual(keepBytes);
    expect(await chosen({ keepBytes: 2 ** 40 }, entries)).toEqual(await chosen({}, entries));
  });

  it('never takes what a living process uses, whatever is asked', async () => {
    await filled();
    await hold(cache, [join(cache, image), join(cache, 'steps/disk-1')]);
    const entries = await cacheEntries(cache);
    const asked = chooseEntries(entries, { all: true });
    const pruned = await takeAway(cache, entries, asked, signal);
    expect(pruned.spared).toEqual([]);
    const kept = [
      'images a/qemuarm64/0000000000000001',
      'steps disk-1',
      `unfinished work/${processTag()}-abcdef`,
    ];
    expect(await content()).toEqual(kept);
    expect(pruned.taken).toHaveLength(entries.length - kept.length);
    const after = totalBytes((await cacheEntries(cache)).map(({ use }) => use));
    expect(Math.abs(pruned.leftBytes - after)).toBeLessThan(4 * block);
    expect(pruned.freedBytes).toBeGreaterThanOrEqual(30 * block);
  });

  it('spares what somebody has begun to use since it was chosen, and stops when it is told to', async () => {
    await filled();
    const entries = await cacheEntries(cache);
    const asked = chooseEntries(entries, { all: true });
    await hold(cache, [join(cache, other)]);
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(takeAway(cache, entries, asked, stop.signal)).rejects.toThrow('enough');
    expect(await content()).toHaveLength(entries.length);
    const { spared } = await takeAway(cache, entries, asked, signal);
    expect(spared.map(({ name }) => name)).toEqual(['a/qemuarm64/0000000000000002']);
    expect(await readdir(join(cache, 'images/a/qemuarm64'))).toEqual(['0000000000000002']);
  });
});

describe('verifying', () => {
  const damages = async () => {
    const verifier = new Verifier();
    const all = await Promise.all((await cacheEntries(cache)).map((entry) => verifier.verify(entry)));
    return Object.fromEntries(
      all.flatMap(({ entry: { kind, name }, damage, note }) =>
        damage.length === 0 && note === undefined ? [] : [[`${kind} ${name}`, note ?? damage.join('; ')]],
      ),
    );
  };

  it('finds a step and a package that are not what was made, and what is no image', async () => {
    const made = await file('steps/disk-1/disk.img');
    await writeFile(`${made}.sha256`, sha256(await readFile(made)));
    await file('steps/unpack-1/without-a-digest');
    const good = `debs/${sha256(Buffer.alloc(block, 'good'))}.deb`;
    await file(good, 1, 'good');
    await file(`work/${dead}-abcdef/arena`);
    const left = {
      [`unfinished work/${dead}-abcdef`]: expect.stringMatching('prune takes it away') as string,
    };
    expect(await damages()).toEqual(left);
    await file('steps/disk-1/disk.img', 1, 'other');
    await file(good, 1, 'bad');
    await file(`${image}/manifest.json`);
    await mkdir(join(cache, 'accelerator'));
    await writeFile(join(cache, 'accelerator', '1.json'), 'half');
    expect(await damages()).toEqual({
      ...left,
      'steps disk-1': `${made} has other content than when it was made`,
      [`packages ${good.slice(5)}`]: expect.stringMatching('not the package that its name says') as string,
      'images a/qemuarm64/0000000000000001': expect.stringMatching('is not an image manifest') as string,
      'probes 1.json': 'it is not JSON',
    });
    await rm(join(cache, 'accelerator'), { recursive: true });
    await mkdir(join(cache, 'verdicts/0123456789abcdef/B2'), { recursive: true });
    await writeFile(join(cache, 'verdicts/0123456789abcdef/B2/verdict.jsonl'), 'half');
    expect(await damages()).toMatchObject({ 'verdicts 0123456789abcdef': 'it is not what was kept' });
    expect(await content()).toContain('verdicts 0123456789abcdef');
  });

  it('of a run’s recording and boots finds what is damaged, and what is merely torn', async () => {
    const lab = await slotLab();
    await lab.scenario({ powerCuts: { during: ['first-boot', 'confirm'] } });
    await lab.run({ limits: { reuse: true } });
    await rm(cache, { recursive: true });
    cache = lab.cache;
    expect(await damages()).toEqual({});
    const entries = (await cacheEntries(cache)).filter(({ kind }) => kind !== 'unfinished');
    expect(entries.map(({ kind }) => kind).sort()).toEqual(['boots', 'recordings']);
    expect(entries.every(({ heldBy }) => heldBy.length === 1)).toBe(true);
    const [boots, recording] = entries
      .sort((a, b) => (a.kind < b.kind ? -1 : 1))
      .map(({ paths }) => paths[0]);
    expect(entries[1]?.about).toMatch(/: 1\.0 -> 1\.1$/);
    const [name = ''] = (await readdir(boots ?? '', { recursive: true })).filter((one) => one.includes('Z-'));
    const ledger = join(boots ?? '', name);
    const text = await readFile(ledger, 'utf8');
    await writeFile(ledger, text.slice(0, -20));
    const count = text.split('\n').length - 1;
    expect(count).toBeGreaterThan(1);
    expect(Object.values(await damages())).toEqual([
      `1 of ${count} boots cannot be read, and are made again`,
    ]);
    await writeFile(ledger, text.slice(0, 20));
    await writeFile(join(recording ?? '', 'arena'), 'other');
    const found = await damages();
    expect(Object.values(found).sort()).toEqual([
      expect.stringMatching('has no boot that can be read'),
      'its content does not match its digest',
    ]);
    await mkdir(dirname(cache), { recursive: true });
  });

  it('of boots finds second cuts whose recording is damaged', async () => {
    const lab = await slotLab();
    await lab.scenario({ powerCuts: { during: ['first-boot', 'second-cut'] } });
    await lab.run({ limits: { reuse: true, secondCutBoots: 3 } });
    await rm(cache, { recursive: true });
    cache = lab.cache;
    expect(await damages()).toEqual({});
    const files = await readdir(cache, { recursive: true, withFileTypes: true });
    const [ground] = files.filter(
      ({ name, parentPath }) => name === 'arena' && /\/grounds\//.test(parentPath),
    );
    await writeFile(join(ground?.parentPath ?? '', 'arena'), 'other');
    expect(Object.values(await damages())).toEqual([
      expect.stringMatching(/grounds\/[0-9a-f]{64} has other content than when it was made/),
    ]);
    await mkdir(dirname(cache), { recursive: true });
  });
});
