import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { grubEnvironment } from '../../../src/image/disk/grub.ts';
import { ownImages } from '../../../src/image/own-images.ts';

const program = join(ownImages, 'swupdate-ab/rootfs-grub/usr/bin/grub-editenv');
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-editenv-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function edit(before: string, ...args: string[]) {
  const file = join(folder, 'grubenv');
  await writeFile(file, before);
  const { status, stdout } = spawnSync('sh', [program, file, ...args], {
    env: { PATH: process.env['PATH'], TMPDIR: folder },
    encoding: 'utf8',
  });
  return { status, stdout, after: await readFile(file, 'latin1') };
}

describe('the tool of swupdate-ab for GRUB’s environment', () => {
  it.each([
    ['every variable', { a: '1', b: '2' }, ['a=3', 'b=4'], { a: '3', b: '4' }],
    ['some of them', { a: '1', other: 'x y' }, ['a=3'], { other: 'x y', a: '3' }],
    ['new ones', {}, ['a=3'], { a: '3' }],
    ['one whose name another begins with', { aa: '1' }, ['a=3'], { aa: '1', a: '3' }],
  ])('sets %s, and leaves a block as GRUB writes it', async (_, before, pairs, wanted) => {
    const { status, after } = await edit(grubEnvironment(before), 'set', ...pairs);
    expect(status).toBe(0);
    expect(after).toBe(grubEnvironment(wanted));
  });

  it('lists the variables', async () => {
    expect(await edit(grubEnvironment({ a: '1', b: 'x=y' }), 'list')).toMatchObject({
      status: 0,
      stdout: 'a=1\nb=x=y\n',
    });
  });

  it('leaves alone what is no environment, and what would leave its first sector', async () => {
    expect(await edit('', 'set', 'a=1')).toMatchObject({ status: 1, after: '' });
    const block = grubEnvironment({ a: '1' });
    expect(await edit(block, 'set', `b=${'x'.repeat(500)}`)).toMatchObject({ status: 1, after: block });
  });
});
