import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { processTag } from '../../../src/core/process-tag.ts';
import { takeTurn } from '../../../src/core/turn.ts';

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-turn-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** No process has so large an id (PID_MAX_LIMIT of proc(5)). */
const goneTag = processTag().replace(/\d+$/, '4194305');

describe('a turn', () => {
  it('is had by one at a time, and nothing is left of it', async () => {
    const folder = await scratch();
    const path = join(folder, 'below', 'turn');
    let [now, most] = [0, 0];
    const one = async () => {
      const turn = await takeTurn(path);
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now -= 1;
      await turn[Symbol.asyncDispose]();
    };
    await Promise.all(Array.from({ length: 8 }, one));
    expect(most).toBe(1);
    expect(await readdir(join(folder, 'below'))).toEqual([]);
  });

  it('of a process that is gone is over', async () => {
    const path = join(await scratch(), 'turn');
    await writeFile(path, `${goneTag} 0123456789abcdef`);
    const began = performance.now();
    const turn = await takeTurn(path);
    expect(performance.now() - began).toBeLessThan(5000);
    await turn[Symbol.asyncDispose]();
  });

  it('cannot be taken where no file can be made', async () => {
    await expect(takeTurn('/dev/null/turn')).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
