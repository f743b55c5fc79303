import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printed } from '../../support/printed.ts';
import { motley } from '../../unit/report/records.ts';

describe('brownout report, with what the build makes', () => {
  let folder = '';
  beforeAll(async () => {
    const built = spawnSync(process.execPath, ['.config/build-page.mjs'], { encoding: 'utf8' });
    expect(built).toMatchObject({ status: 0, stderr: '' });
    folder = await mkdtemp(join(tmpdir(), 'brownout-report-'));
    await writeFile(join(folder, 'run.json'), JSON.stringify(motley()));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function brownout(...args: string[]) {
    return printed(args);
  }

  it('makes the page of a run, with its own script and style', async () => {
    const path = join(folder, 'index.html');
    expect(await brownout('report', 'build', folder)).toEqual({ code: 0, out: `${path}\n`, err: '' });
    const page = await readFile(path, 'utf8');
    const script = await readFile('dist/page/page.js', 'utf8');
    expect(page).toContain(`<script>${script}</script>`);
    expect(page).toContain(await readFile('dist/page/page.css', 'utf8'));
  });

  it('tells the address of the page where there is no desktop', async () => {
    const { code, out } = await brownout('report', 'open', folder);
    expect({ code, out }).toEqual({ code: 0, out: `${pathToFileURL(join(folder, 'index.html')).href}\n` });
  });

  it('says where there is no run', async () => {
    const { code, err } = await brownout('report', 'build', join(folder, 'nothing'));
    expect(code).toBe(2);
    expect(err).toContain('there is no run.json');
  });
});
