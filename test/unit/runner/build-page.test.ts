import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { readPageParts } from '../../../src/report/page/page-parts.ts';
import { buildPage, readRun } from '../../../src/runner/build-page.ts';
import { runScenarios } from '../../../src/runner/run-scenarios.ts';
import { withCode } from '../../support/errors.ts';
import { slotLab } from '../../support/simulated/lab.ts';

const parts = () => Promise.resolve({ script: '', style: '' });

describe('the page of a run', () => {
  it('is written at the end of a run, and made again of what lies in its folder', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    await lab.run();
    const folder = join(lab.reports, 'latest');
    const page = await readFile(join(folder, 'index.html'), 'utf8');
    expect(page).toContain('data-kind="states"');
    expect(page).toContain('data-kind="console" data-name="console/p1.1.log"');
    await rm(join(folder, 'index.html'));
    expect(await buildPage(folder, parts)).toBe(join(folder, 'index.html'));
    expect(await readFile(join(folder, 'index.html'), 'utf8')).toBe(page);
    const shown = { out: '', write: (text: string) => (shown.out += text) };
    const streams = { stdout: shown, stderr: shown, environment: {} };
    expect(await runCli(['report', 'show', folder], streams)).toBe(0);
    expect(shown.out).toContain(`replay: brownout replay ${folder}/finding-1.brownout`);
    await rm(join(folder, 'states.json'));
    await buildPage(folder, parts);
    expect(await readFile(join(folder, 'index.html'), 'utf8')).toContain('There is no states.json');
  });

  it('is written of a run that was interrupted, and of one that ended before its image was there', async () => {
    const lab = await slotLab();
    const { host } = await lab.options();
    await lab.run({ host: { ...host!, imageFor: () => Promise.reject(new Error('no image')) } });
    expect(await readFile(join(lab.reports, 'latest', 'index.html'), 'utf8')).toContain('no image');
  });

  it('does not change what a run came to where it cannot be made', async () => {
    const lab = await slotLab();
    const { host } = await lab.options();
    const pageParts = () => Promise.reject(new Error('no parts'));
    const record = await lab.run({ powerCuts: { mode: 'none' }, host: { ...host!, pageParts } });
    expect(record.verdict).toBe('passed');
    expect(lab.events).toContainEqual(
      expect.objectContaining({ type: 'notice', message: expect.stringContaining('no parts') as string }),
    );
  });

  it('takes no console from outside of the folder, wherever a link leads', async () => {
    const lab = await slotLab();
    await lab.run({ powerCuts: { mode: 'none' } });
    const folder = join(lab.reports, 'latest');
    await writeFile(join(lab.folder, 'secret'), 'secret');
    await rm(join(folder, 'console', 'p1.1.log'));
    await symlink(join(lab.folder, 'secret'), join(folder, 'console', 'p1.1.log'));
    await buildPage(folder, parts);
    expect(await readFile(join(folder, 'index.html'), 'utf8')).not.toContain('data-name="console/p1.1.log"');
  });

  it('is one of all runs, where there are several, with a page each', async () => {
    const lab = await slotLab();
    await runScenarios(await lab.options({ powerCuts: { mode: 'none' } }, 2));
    const folder = join(lab.reports, 'latest');
    const page = await readFile(join(folder, 'index.html'), 'utf8');
    const runs = [...page.matchAll(/href="\.\/([^"]+)\/index\.html"/g)].map(([, name = '']) => name);
    expect(runs).toEqual(['simulated-qemuarm64', 'simulated-qemuarm64-2']);
    for (const run of runs)
      expect(await readFile(join(folder, run, 'index.html'), 'utf8')).toContain('Simulated');
    await rm(join(folder, 'index.html'));
    await buildPage(folder, parts);
    expect(await readFile(join(folder, 'index.html'), 'utf8')).toBe(page);
  });

  it('is refused where there is no run, or its files are damaged', async () => {
    const lab = await slotLab();
    await expect(buildPage(lab.folder, parts)).rejects.toThrow(withCode('report-unknown'));
    await lab.run();
    const folder = join(lab.reports, 'latest');
    for (const near of [lab.reports, join(folder, 'run.json')])
      await expect(readRun(near)).rejects.toThrow(
        withCode('report-unknown', `there is no run.json in ${near}; did you mean "${folder}"?`),
      );
    await writeFile(join(folder, 'states.json'), '{}');
    await expect(buildPage(folder, parts)).rejects.toThrow(
      withCode('report-damaged', 'states.json is not what brownout writes: format'),
    );
    await writeFile(join(folder, 'run.json'), '{"format":1}');
    await expect(buildPage(folder, parts)).rejects.toThrow(
      withCode('report-damaged', 'run.json is not what brownout writes: id'),
    );
    await rm(join(folder, 'run.json'));
    await mkdir(join(folder, 'run.json'));
    await expect(buildPage(folder, parts)).rejects.toThrow(withCode('report-damaged', 'cannot read'));
  });

  it('needs what the build has made', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brownout-parts-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await expect(readPageParts(pathToFileURL(`${folder}/`))).rejects.toThrow(withCode('page-parts-missing'));
    await writeFile(join(folder, 'page.js'), 'script');
    await writeFile(join(folder, 'page.css'), 'style');
    expect(await readPageParts(pathToFileURL(`${folder}/`))).toEqual({ script: 'script', style: 'style' });
  });
});
