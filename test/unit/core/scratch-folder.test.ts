import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isProcessGone, processTag } from '../../../src/core/process-tag.ts';
import { scratchFolder, temporaryFolder } from '../../../src/core/scratch-folder.ts';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'scratch-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(parent, { recursive: true });
});

const [place = ''] = processTag().split('-');
const dead = `${place}-${2 ** 22 + 1}`;

it('takes away what killed processes left, and nothing else', async () => {
  const left = `${dead}-aaaaaa`;
  await mkdir(join(parent, left, 'deep'), { recursive: true });
  await writeFile(join(parent, left, 'deep', 'disk'), 'x');
  const kept = [`${processTag()}-bbbbbb`, `x${dead}-cccccc`, 'notes', '00000000-1-dddddd'];
  for (const name of kept) await mkdir(join(parent, name));
  await writeFile(join(parent, `${dead}-file`), 'no folder of ours');
  await symlink(join(parent, 'notes'), join(parent, `${dead}-link`));
  {
    await using scratch = await scratchFolder(parent);
    expect(existsSync(join(parent, left))).toBe(false);
    expect(await readdir(scratch.path)).toEqual([]);
  }
  expect((await readdir(parent)).sort()).toEqual([...kept, `${dead}-file`, `${dead}-link`].sort());
});

it('does so in the system’s temporary folder among the names that are ours', async () => {
  vi.stubEnv('TMPDIR', parent);
  const kept = [
    `${dead}-aaaaaa`,
    `other-${dead}-bbbbbb`,
    `brownout-${processTag()}-cccccc`,
    'brownout-notes',
  ];
  for (const name of [...kept, `brownout-${dead}-dddddd`]) await mkdir(join(parent, name));
  await using scratch = await temporaryFolder();
  expect(scratch.path.startsWith(join(parent, `brownout-${processTag()}-`))).toBe(true);
  expect((await readdir(parent)).map((name) => join(parent, name)).sort()).toEqual(
    [...kept.map((name) => join(parent, name)), scratch.path].sort(),
  );
});

it('a process that has ended is gone, though nobody has waited for it', async () => {
  const parentOfDead = spawn('sh', ['-c', '(exit 0) & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const [said] = (await once(parentOfDead.stdout, 'data')) as [Buffer];
    const tag = `${place}-${said.toString().trim()}`;
    await vi.waitFor(() => expect(isProcessGone(tag, Date.now())).toBe(true), { timeout: 5000 });
  } finally {
    parentOfDead.kill('SIGKILL');
  }
});
