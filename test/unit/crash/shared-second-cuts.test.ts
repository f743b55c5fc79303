import { appendFile, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/model/event.ts';
import type { CutRecord, RunRecord } from '../../../src/model/record.ts';
import type { Shard } from '../../../src/model/shard.ts';
import { planMerge } from '../../../src/runner/merge.ts';
import { runScenarios } from '../../../src/runner/run-scenarios.ts';
import { type Asked, type Lab, slotLab } from '../../support/simulated/lab.ts';
import { restores } from '../../support/simulated/restores.ts';

const boots = 9;
const during = ['install', 'first-boot', 'second-cut'];

/** A lab with its recording, and the names of the consoles of all devices that were started after that. */
async function recordedLab(powerCuts: object = {}): Promise<{ lab: Lab; started: string[] }> {
  const lab = await slotLab({ onStart: restores });
  await lab.scenario({ powerCuts: { during, ...powerCuts } });
  await lab.run({ recordings: { only: true } });
  const started: string[] = [];
  const { createTarget } = lab;
  lab.createTarget = (options) => {
    started.push(basename(options.consoleLog(1)));
    return createTarget(options);
  };
  return { lab, started };
}

function limits(lab: Lab, shard: Shard | undefined, isShared = true): NonNullable<Asked['limits']> {
  const ledger = { folder: join(lab.folder, 'shared'), besides: [], live: true };
  return { reuse: true, secondCutBoots: boots, shard, ...(isShared ? { ledger } : {}) };
}

const reusing: Asked = { jobs: 1, limits: { reuse: true, secondCutBoots: boots } };

async function merged(lab: Lab, folder: string): Promise<RunRecord> {
  const plan = await planMerge([folder]);
  const asked = { limits: { ...plan.limits, reuse: true, ledger: plan.ledger } };
  const options = await lab.options({ ...asked, recordings: { cut: plan.recordings } });
  const [record] = await runScenarios({ ...options, scenarios: plan.scenarios, seed: plan.seed });
  if (record === undefined) throw new Error('nothing was merged');
  return record;
}

/** Boots that record what a device writes as it comes back, to be cut then. */
const recorded = (started: readonly string[]) => started.filter((name) => name.endsWith('-again.1.log'));

/** A stage of later cuts: its grounds, with how many of their states there are and are decided, and its boots. */
function stageOf({ crash }: RunRecord, name = 'second-cut') {
  const stage = crash?.stages.find((one) => one.name === name);
  const cuts = (stage?.written ?? []).flatMap((set) => set.cuts).sort((a, b) => (a.cut < b.cut ? -1 : 1));
  return { boots: stage?.boots, decided: stage?.decided, states: stage?.states, ended: stage?.ended, cuts };
}

function secondCuts({ crash }: RunRecord): CutRecord[] {
  return (crash?.cuts ?? []).filter(({ during: phase }) => phase === 'second-cut');
}

/** Ends a run at its n-th boot after a second cut. */
function endedAt(count: number): Asked {
  const controller = new AbortController();
  let cuts = 0;
  const events = (event: RunEvent) => {
    if (event.type === 'cut' && event.cut.during === 'second-cut') cuts += 1;
    if (cuts === count) controller.abort(new Error('killed'));
  };
  return { signal: controller.signal, events, jobs: 1 };
}

describe('grounds of second cuts, among workers', { timeout: 60_000 }, () => {
  it.each([2, 3])(
    'are cut by one of %i that share a folder, and all of them are in what is merged',
    async (count) => {
      const { lab, started } = await recordedLab();
      const workers = await Promise.all(
        Array.from({ length: count }, (_, i) =>
          lab.run({ jobs: 1, limits: limits(lab, { index: i + 1, count }) }),
        ),
      );
      expect(workers.map(({ verdict }) => verdict)).toEqual(workers.map(() => 'passed'));
      const grounds = recorded(started);
      expect(grounds.length).toBeGreaterThan(1);
      expect(new Set(grounds).size).toBe(grounds.length);
      const made = workers.flatMap((worker) =>
        secondCuts(worker).filter(({ booted }) => booted === undefined),
      );
      expect(new Set(made.map(({ id }) => id)).size).toBe(made.length);
      // Each begins its last boot before it knows of the others' last.
      expect(made.length).toBeGreaterThanOrEqual(boots);
      expect(made.length).toBeLessThan(boots + count);
      started.length = 0;
      const whole = await merged(lab, join(lab.folder, 'shared'));
      expect(recorded(started)).toEqual([]);
      expect(secondCuts(whole).filter(({ booted }) => booted === undefined)).toEqual([]);
      expect(stageOf(whole).boots).toBe(made.length);
      expect(stageOf(whole).cuts).toHaveLength(grounds.length);
      expect(stageOf(whole).decided).toBeGreaterThan(0);
      expect(stageOf(await merged(lab, join(lab.folder, 'shared')))).toEqual(stageOf(whole));
    },
  );

  it('are shared out where workers have no folder in common, and the merge makes none of them again', async () => {
    const { lab, started } = await recordedLab();
    const workers: RunRecord[] = [];
    for (const index of [1, 2, 3])
      workers.push(await lab.run({ jobs: 1, limits: limits(lab, { index, count: 3 }, false) }));
    const cut = workers.flatMap((worker) => stageOf(worker).cuts);
    expect(workers.map((worker) => stageOf(worker).boots)).toEqual([3, 3, 3]);
    expect(new Set(cut.map((one) => one.cut)).size).toBe(cut.length);
    started.length = 0;
    const whole = await merged(lab, lab.reports);
    expect(recorded(started)).toEqual([]);
    expect(stageOf(whole)).toMatchObject({ boots, cuts: [...cut].sort((a, b) => (a.cut < b.cut ? -1 : 1)) });
  });

  it('of a worker that died are finished by another one, with what it has recorded and booted', async () => {
    const { lab, started } = await recordedLab();
    const died = await lab.run({ ...endedAt(1), limits: limits(lab, { index: 1, count: 2 }) });
    expect(died.verdict).toBe('error');
    const [ground] = recorded(started);
    const [first] = secondCuts(died);
    started.length = 0;
    const other = await lab.run({ jobs: 1, limits: limits(lab, { index: 2, count: 2 }) });
    expect(recorded(started)).not.toContain(ground);
    expect(
      secondCuts(other)
        .filter(({ booted }) => booted !== undefined)
        .map(({ token }) => token),
    ).toEqual([first?.token]);
    expect(stageOf(other).boots).toBe(boots);
    expect(
      `cut-${stageOf(other)
        .cuts.map(({ cut }) => cut)
        .join()}`,
    ).toContain(first?.id.split('/')[0]);
  });

  it('that nobody has recorded, since who began it died, are recorded by another one', async () => {
    const { lab, started } = await recordedLab();
    const dead = new AbortController();
    const { createTarget } = lab;
    lab.createTarget = (options) => {
      if (basename(options.consoleLog(1)).includes('-again')) dead.abort(new Error('killed'));
      return createTarget(options);
    };
    await lab.run({ signal: dead.signal, jobs: 1, limits: limits(lab, { index: 1, count: 2 }) });
    const [ground = ''] = recorded(started);
    lab.createTarget = createTarget;
    started.length = 0;
    // As many boots as there is anything to boot.
    const all = { ...limits(lab, { index: 2, count: 2 }), secondCutBoots: 400 };
    const other = await lab.run({ jobs: 1, limits: all });
    expect(recorded(started)).toContain(ground);
    expect(stageOf(other).ended).toBe('complete');
  });
});

describe('grounds of second cuts, of earlier runs', { timeout: 60_000 }, () => {
  it.each([{}, { inARow: 3 }])('need no boot where the recording is the same: %o', async (powerCuts) => {
    const { lab, started } = await recordedLab(powerCuts);
    const first = await lab.run(reusing);
    started.length = 0;
    const second = await lab.run(reusing);
    expect(started).toEqual([]);
    expect(stageOf(second)).toEqual(stageOf(first));
    expect(stageOf(second, 'third-cut')).toEqual(stageOf(first, 'third-cut'));
    expect(secondCuts(second).map(({ token }) => token)).toEqual(secondCuts(first).map(({ token }) => token));
  });

  it('go on where the run was interrupted, and come to what an undisturbed one comes to', async () => {
    const undisturbed = await (await recordedLab()).lab.run(reusing);
    const { lab, started } = await recordedLab();
    const interrupted = await lab.run({ ...endedAt(5), limits: reusing.limits ?? {} });
    expect(interrupted.verdict).toBe('error');
    const before = secondCuts(interrupted).length;
    const grounds = recorded(started);
    started.length = 0;
    const resumed = await lab.run(reusing);
    expect(stageOf(resumed)).toEqual(stageOf(undisturbed));
    expect(secondCuts(resumed).filter(({ booted }) => booted !== undefined)).toHaveLength(before);
    for (const ground of grounds) expect(recorded(started)).not.toContain(ground);
  });

  it('are recorded again, with a notice, where their data are not what they were', async () => {
    const { lab, started } = await recordedLab();
    // As many boots as there is anything to boot.
    const all = { jobs: 1, limits: { reuse: true, secondCutBoots: 400 } };
    const first = await lab.run(all);
    const files = await readdir(join(lab.cache, 'recordings'), { recursive: true, withFileTypes: true });
    const arenas = files.filter(({ name, parentPath }) => name === 'arena' && /\/grounds\//.test(parentPath));
    // Devices that come back from several cuts may write the very same.
    expect(arenas.length).toBeLessThan(stageOf(first).cuts.length);
    const traces = new Set(secondCuts(first).map(({ token }) => token?.split(':')[3]));
    expect(traces.size).toBe(stageOf(first).cuts.length);
    const [damaged, gone] = arenas.map(({ parentPath }) => parentPath);
    await appendFile(join(damaged ?? '', 'arena'), Buffer.alloc(512));
    await rm(gone ?? '', { recursive: true });
    started.length = 0;
    const second = await lab.run(all);
    expect(recorded(started).length).toBeGreaterThan(1);
    expect(stageOf(second).cuts).toEqual(stageOf(first).cuts);
    const notices = lab.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    const isSaid = (text: string) => /cannot be read, and is made again/.test(text);
    expect(notices.some(isSaid)).toBe(true);
    lab.events.length = 0;
    started.length = 0;
    expect(stageOf(await lab.run(all))).toEqual(stageOf(second));
    expect(started).toEqual([]);
    expect(lab.events.some((event) => event.type === 'notice' && isSaid(event.message))).toBe(false);
  });
});
