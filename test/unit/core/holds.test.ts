import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Holds, hold, removeUnheld } from '../../../src/core/holds.ts';
import { processTag } from '../../../src/core/process-tag.ts';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'holds-'));
});
afterEach(() => rm(cache, { recursive: true }));

/** A thing in the cache. */
async function thing(...way: string[]): Promise<string> {
  const path = join(cache, ...way);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'file'), way.join(' '));
  return path;
}

it('holds a thing, what lies in it and what it lies in, and no other', async () => {
  const held = await thing('images', 'a', '1');
  const other = await thing('images', 'a', '12');
  await hold(cache, [held]);
  await hold(cache, []);
  const holds = await Holds.of(cache);
  for (const path of [held, join(held, 'file'), join(cache, 'images', 'a')])
    expect(holds.by(path)).toEqual([processTag()]);
  expect(holds.by(other)).toEqual([]);
  expect(await removeUnheld(cache, held)).toBe(false);
  expect(await readFile(join(held, 'file'), 'utf8')).toBe('images a 1');
  expect(await removeUnheld(cache, other)).toBe(true);
  expect(existsSync(other)).toBe(false);
  expect(await removeUnheld(cache, other)).toBe(true);
  expect(await readdir(join(cache, 'work'))).toEqual([]);
});

it('takes away what a killed process held when it holds something itself', async () => {
  const [place = ''] = processTag().split('-');
  await mkdir(join(cache, 'in-use'));
  await writeFile(join(cache, 'in-use', `${place}-${2 ** 22 + 1}`), 'steps/a\n');
  await hold(cache, [join(cache, 'steps', 'b')]);
  expect(await readdir(join(cache, 'in-use'))).toEqual([processTag()]);
});

it('holds until its process has ended, also where that was killed', async () => {
  const path = await thing('steps', 'slot-1');
  const program = join(cache, 'holder.mjs');
  const contents = `import { hold } from './holds.ts';
    await hold(process.argv[2], [process.argv[3]]);
    console.log('held');
    process.stdin.on('data', () => process.exit());`;
  const stdin = { contents, resolveDir: resolve('src/core'), loader: 'ts' as const };
  await build({ stdin, bundle: true, platform: 'node', format: 'esm', outfile: program });
  const start = async () => {
    const child = spawn(process.execPath, [program, cache, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  };
  for (const end of ['killed', 'exits']) {
    const child = await start();
    expect(await removeUnheld(cache, path)).toBe(false);
    const exited = once(child, 'exit');
    if (end === 'killed') child.kill('SIGKILL');
    else child.stdin.write('end\n');
    await exited;
    expect((await readdir(join(cache, 'in-use'))).length).toBe(end === 'killed' ? 1 : 0);
    expect((await Holds.of(cache)).by(path)).toEqual([]);
    expect(await readdir(join(cache, 'in-use'))).toEqual([]);
  }
  expect(await removeUnheld(cache, path)).toBe(true);
});
