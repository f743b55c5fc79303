import { lstat, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { processTag } from '../../../src/core/process-tag.ts';
import { openReportFolder } from '../../../src/runner/report-folder.ts';

it('takes away what killed runs have left half-written, and none of their reports', async () => {
  const reports = await mkdtemp(join(tmpdir(), 'reports-'));
  onTestFinished(() => rm(reports, { recursive: true }));
  const [place = ''] = processTag().split('-');
  const dead = `${place}-${2 ** 22 + 1}-00000000.tmp`;
  const killed = join(reports, '20261130T040000Z', 'one-qemuarm64');
  const somebodys = join(reports, 'notes');
  for (const folder of [killed, somebodys]) await mkdir(folder, { recursive: true });
  await symlink('20261130T040000Z', join(reports, `latest.${dead}`));
  const half = [join(killed, `states.json.${dead}`), join(killed, '..', `junit.xml.${dead}`)];
  const whole = [join(killed, 'run.jsonl'), join(killed, `run.json.${processTag()}-00000000.tmp`)];
  const others = [join(somebodys, `states.json.${dead}`)];
  for (const path of [...half, ...whole, ...others]) await writeFile(path, 'x');
  const folder = await openReportFolder(reports, '20261130T050000Z');
  for (const path of half) await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  for (const path of [...whole, ...others]) expect((await lstat(path)).isFile()).toBe(true);
  expect((await readdir(reports)).sort()).toEqual([
    '20261130T040000Z',
    '20261130T050000Z',
    'latest',
    'notes',
  ]);
  expect(join(reports, await readlink(join(reports, 'latest')))).toBe(folder);
});
