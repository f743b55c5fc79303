import { appendFile, copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { RunRecord } from '../../../src/model/record.ts';
import { runScenarios } from '../../../src/runner/run-scenarios.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { type Asked, codesOf, type Lab, slotLab } from '../../support/simulated/lab.ts';

/** A lab whose recording lies in a folder for others. */
async function recorded(asked: Asked = {}): Promise<{ lab: Lab; to: string; record: RunRecord }> {
  const lab = await slotLab();
  const to = join(lab.folder, 'recordings');
  return { lab, to, record: await lab.run({ recordings: { only: true, to }, ...asked }) };
}

/** The same scenario in another folder, with an empty cache. */
async function elsewhere(lab: Lab, asked: Asked): Promise<RunRecord | undefined> {
  vi.stubEnv('BROWNOUT_CACHE', join(lab.folder, 'another-cache'));
  const file = join(lab.folder, 'elsewhere', 'simulated.yaml');
  await mkdir(join(file, '..'), { recursive: true });
  await copyFile(join(lab.folder, 'simulated.yaml'), file);
  const options = await lab.options(asked);
  const [record] = await runScenarios({ ...options, scenarios: [await loadScenario(file)] });
  return record;
}

describe('a recording that is written for others', () => {
  it('decides nothing; another host cuts the power in it, and records nothing', async () => {
    const { lab, to, record } = await recorded();
    expect(record).toMatchObject({ verdict: 'passed', powerCuts: 'none' });
    expect(record.crash).toBeUndefined();
    const here = await lab.run();
    expect(here.crash?.recording.reused).toBe(true);
    const there = await elsewhere(lab, { recordings: { from: to } });
    expect(there?.verdict).toBe('passed');
    expect(there?.crash?.recording).toEqual(here.crash?.recording);
    expect(there?.crash?.decided).toEqual(here.crash?.decided);
    expect(await readdir(join(lab.folder, 'another-cache')).catch(() => [])).not.toContain('recordings');
  });

  it('takes the place of an earlier one, and is the one that was kept', async () => {
    const { lab, to } = await recorded();
    const names = await readdir(to);
    expect(names).toHaveLength(1);
    await lab.run({ recordings: { only: true, to, fresh: true } });
    expect(await readdir(to)).toEqual(names);
    const here = await lab.run();
    const there = await elsewhere(lab, { recordings: { from: to } });
    expect(there?.crash?.recording.sha256).toBe(here.crash?.recording.sha256);
  });

  it('is refused where the scenario is another one, by the name of what differs', async () => {
    const { lab, to } = await recorded();
    await lab.scenario({ checks: [{ name: 'app', run: 'true' }] });
    const record = await elsewhere(lab, { recordings: { from: to } });
    expect(record?.problem).toMatchObject({ kind: 'scenario', code: 'recording-unfit' });
    expect(record?.problem?.message).toContain('was made with other checks');
  });

  it('is refused where QEMU is another one', async () => {
    const { lab, to } = await recorded();
    const { host } = await lab.options();
    if (host === undefined) throw new Error('a lab has its own host');
    const other = { ...host, qemuVersion: () => Promise.resolve('another') };
    const record = await elsewhere(lab, { recordings: { from: to }, host: other });
    expect(record?.problem?.message).toContain('was made with other QEMU (simulated, here another)');
  });

  it('is refused where it is of other releases, and where there is none', async () => {
    const { lab, to } = await recorded();
    const nowhere = await elsewhere(lab, { recordings: { from: join(lab.folder, 'nowhere') } });
    expect(nowhere?.problem?.message).toContain('is no folder of recordings');
    const none = await elsewhere(lab, { recordings: { from: join(lab.folder, 'elsewhere') } });
    expect(none?.problem?.message).toContain('has no recording of 1.0->1.1 on qemuarm64; it has nothing');
    await lab.scenario({ releases: ['1.1', '1.0'] });
    const other = await elsewhere(lab, { recordings: { from: to } });
    expect(other?.problem?.message).toContain('1.1->1.0 on qemuarm64; it has 1.0->1.1 on qemuarm64');
  });

  it('is the fault of nobody but the host where it is damaged', async () => {
    const { lab, to } = await recorded();
    const [name = ''] = await readdir(to);
    await appendFile(join(to, name, 'arena'), 'x');
    const record = await elsewhere(lab, { recordings: { from: to } });
    expect(record).toMatchObject({ verdict: 'error', problem: { kind: 'harness' } });
    expect(record && codesOf(record)).toEqual(['recording-damaged']);
    expect(await readdir(to)).toEqual([name]);
  });
});
