import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { processTag } from '../../../src/core/process-tag.ts';
import { BootsUnderWay, type ToBegin } from '../../../src/crash/boots-under-way.ts';

const boot: ToBegin = {
  ...{ sha256: 'ab', state: '12', retry: false, seed: 0, cold: false, audit: false },
  ground: false,
};
const leaseMs = 300;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-under-way-'));
  const made = folder;
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  await writeFile(join(folder, 'other'), '');
});

function by(tag: string) {
  const others = new BootsUnderWay(folder, 'own', leaseMs);
  others.note('other', { begun: { ...boot, number: 0, by: tag } });
  return others;
}

/** No process has so large an id (PID_MAX_LIMIT of proc(5)). */
const goneTag = processTag().replace(/\d+$/, '4194305');

describe('what others have begun', () => {
  it('is theirs until they say that it is over', async () => {
    const others = by(processTag());
    await others.look();
    expect(others.elsewhere).toMatchObject([boot]);
    others.note('other', { over: 0 });
    await others.look();
    expect(others.elsewhere).toEqual([]);
  });

  it('is over where their process is gone', async () => {
    const others = by(goneTag);
    await others.look();
    expect(others.elsewhere).toEqual([]);
  });

  it('of another host is over when their file has not changed for a while, and not as long as it does', async () => {
    const others = by('0123abcd-1');
    await others.look();
    for (let i = 0; i < 4; i += 1) {
      await sleep(leaseMs / 2);
      // Whatever the clock of that host says.
      await utimes(join(folder, 'other'), i, i);
      await others.look();
      expect(others.elsewhere).toHaveLength(1);
    }
    await sleep(leaseMs * 1.2);
    await others.look();
    expect(others.elsewhere).toEqual([]);
  });

  it('shows signs of life as long as it is made', async () => {
    await writeFile(join(folder, 'own'), '');
    const own = new BootsUnderWay(folder, 'own', leaseMs);
    const others = new BootsUnderWay(folder, 'other', leaseMs);
    const begun = own.begin(boot);
    expect(own.isOwn(boot)).toBe(true);
    others.note('own', { begun: { ...begun, by: '0123abcd-1' } });
    for (let i = 0; i < 3; i += 1) {
      await others.look();
      expect(others.elsewhere).toHaveLength(1);
      await sleep(leaseMs / 2);
    }
    own.end(begun.number);
    expect(own.isOwn(boot)).toBe(false);
    await sleep(leaseMs * 2);
    await others.look();
    await sleep(leaseMs * 1.2);
    await others.look();
    expect(others.elsewhere).toEqual([]);
  });
});
