import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processTag } from '../../../src/core/process-tag.ts';
import { makeFolder, removeStale } from '../../../src/core/temporary.ts';
import { BuildCache, partKey } from '../../../src/image/build-cache.ts';
import { exclusively } from '../../../src/image/exclusive.ts';
import { ImageStore } from '../../../src/image/image-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-steps-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** No process has this id: it is above the largest that Linux gives. */
const deadPid = 4_194_305;

describe('partKey', () => {
  it('does not depend on the order of keys, but on everything else', () => {
    expect(partKey('a', { x: 1, y: { p: 1, q: [2] } })).toBe(partKey('a', { y: { q: [2], p: 1 }, x: 1 }));
    const keys = [
      partKey('a', { x: 1 }),
      partKey('b', { x: 1 }),
      partKey('a', { x: '1' }),
      partKey('a', { x: [1, 2] }),
      partKey('a', { x: [2, 1] }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('BuildCache', () => {
  it('makes each result once, also when asked twice at a time', async () => {
    const build = new BuildCache(folder);
    let made = 0;
    const ask = () =>
      build.run('thing', { a: 1 }, async (out) => {
        made += 1;
        await sleep(20);
        await writeFile(join(out, 'file'), 'x');
      });
    const [one, two] = await Promise.all([ask(), ask()]);
    expect(one).toBe(two);
    expect(made).toBe(1);
    expect(await readFile(join(one, 'file'), 'utf8')).toBe('x');
    await build.run('thing', { a: 2 }, () => Promise.resolve());
    expect(made).toBe(1);
  });

  it('keeps nothing of a part that failed', async () => {
    const build = new BuildCache(folder);
    const failing = build.run('thing', {}, async (out) => {
      await writeFile(join(out, 'half'), 'x');
      throw new Error('broke');
    });
    await expect(failing).rejects.toThrow('broke');
    expect(await readdir(join(folder, 'steps'))).toEqual([]);
  });

  it('forgets what was not used for a month, once nobody holds it', async () => {
    const build = new BuildCache(folder);
    const old = await build.run('old', {}, () => Promise.resolve());
    const fresh = await build.run('fresh', {}, () => Promise.resolve());
    const past = new Date(Date.now() - 31 * 86_400_000);
    await utimes(old, past, past);
    const left = async () => {
      await build.prune();
      return (await readdir(join(folder, 'steps'))).map((name) => join(folder, 'steps', name)).sort();
    };
    expect(await left()).toEqual([fresh, old].sort());
    await rm(join(folder, 'in-use'), { recursive: true });
    expect(await left()).toEqual([fresh]);
  });
});

describe('makeFolder', () => {
  it('leaves what another process has finished', async () => {
    const path = join(folder, 'result');
    await makeFolder(path, async (out) => {
      await writeFile(join(out, 'who'), 'slow');
      await makeFolder(path, (other) => writeFile(join(other, 'who'), 'fast'));
    });
    expect(await readFile(join(path, 'who'), 'utf8')).toBe('fast');
    expect(await readdir(folder)).toEqual(['result']);
  });
});

describe('removeStale', () => {
  it('removes what dead builders left, and nothing else', async () => {
    const [place = ''] = processTag().split('-');
    const names = [`a.${place}-${deadPid}-00000000.tmp`, `b.${processTag()}-00000000.tmp`, 'c', 'd.tmp'];
    for (const name of names) await mkdir(join(folder, name));
    await removeStale(folder);
    expect((await readdir(folder)).sort()).toEqual(names.slice(1).sort());
  });
});

describe('exclusively', () => {
  it('lets one at a time through', async () => {
    const order: string[] = [];
    const work = (name: string) =>
      exclusively(folder, undefined, async () => {
        order.push(`${name} in`);
        await sleep(20);
        order.push(`${name} out`);
      });
    await Promise.all([work('a'), work('b')]);
    expect(order.map((entry) => entry.slice(2))).toEqual(['in', 'out', 'in', 'out']);
  });

  it('stops waiting on abort', async () => {
    const controller = new AbortController();
    await exclusively(folder, undefined, async () => {
      const waiting = exclusively(folder, controller.signal, () => Promise.resolve());
      controller.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
    });
  });

  it('does not wait for ever for another process', async () => {
    await exclusively(folder, undefined, async () => {
      await expect(exclusively(folder, undefined, () => Promise.resolve(), 30)).rejects.toMatchObject({
        kind: 'harness',
        code: 'build-busy',
        message: expect.stringContaining(`another process has been making ${folder}`) as string,
      });
    });
  });
});

describe('ImageStore', () => {
  it('keeps the three images that were used last', async () => {
    const store = new ImageStore(folder, 'image', 'qemuarm64');
    const keys = ['1', '2', '3', '4'].map((digit) => digit.repeat(16));
    for (const [i, key] of keys.entries()) {
      await mkdir(store.path(key), { recursive: true });
      await utimes(store.path(key), i, i);
    }
    await store.find(keys[0] ?? '');
    await store.prune();
    expect((await readdir(store.folder)).sort()).toEqual([keys[0], keys[2], keys[3]]);
  });

  it('keeps what was used today: a run may still be under way', async () => {
    const store = new ImageStore(folder, 'image', 'qemuarm64');
    const keys = ['1', '2', '3', '4'].map((digit) => digit.repeat(16));
    for (const key of keys) await mkdir(store.path(key), { recursive: true });
    await store.prune();
    expect((await readdir(store.folder)).sort()).toEqual(keys);
  });

  it('remembers a replacement for as long as it is there, and no other snapshot archive is to be asked', async () => {
    const store = new ImageStore(folder, 'image', 'qemuarm64');
    const key = 'f'.repeat(16);
    await mkdir(store.path(key), { recursive: true });
    await store.replace('0'.repeat(16), { key, notices: ['one is gone'] });
    expect(await store.replacement('0'.repeat(16))).toEqual({ key, notices: ['one is gone'] });
    const asked = { key, notices: [], snapshot: 'http://snapshot.example' };
    expect(await store.replacement('0'.repeat(16), asked.snapshot)).toBeUndefined();
    await store.replace('2'.repeat(16), asked);
    for (const snapshot of [undefined, asked.snapshot])
      expect(await store.replacement('2'.repeat(16), snapshot)).toEqual(asked);
    expect(await store.replacement('2'.repeat(16), 'http://other.example')).toBeUndefined();
    await writeFile(join(store.folder, `${'1'.repeat(16)}.replaced.json`), '{"key":"../../x","notices":[]}');
    expect(await store.replacement('1'.repeat(16))).toBeUndefined();
    await rm(store.path(key), { recursive: true });
    expect(await store.replacement('0'.repeat(16))).toBeUndefined();
  });
});
