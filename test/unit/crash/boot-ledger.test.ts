import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendLine, readLines } from '../../../src/core/checked-lines.ts';
import { restoreFact, storeFact } from '../../../src/crash/boot-fact.ts';
import type { CutRecord, RunRecord } from '../../../src/model/record.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { type Asked, type Lab, slotLab } from '../../support/simulated/lab.ts';

const reusing: Asked = { limits: { reuse: true } };

/** Boots of recorded states that this run made itself, and those that earlier runs had made. */
function bootsOf({ crash }: RunRecord): { made: CutRecord[]; reused: CutRecord[] } {
  const drawn = (crash?.cuts ?? []).filter(({ kind }) => kind !== 'live');
  return {
    made: drawn.filter(({ booted }) => booted === undefined),
    reused: drawn.filter(({ booted }) => booted !== undefined),
  };
}

/** The files in which the boots of a lab's runs are kept. */
async function ledgers({ cache }: Lab): Promise<string[]> {
  const all = await readdir(join(cache, 'recordings'), { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile() && /\/boots\//.test(entry.parentPath))
    .map(({ parentPath, name }) => join(parentPath, name));
}

function notices({ events }: Lab): string[] {
  return events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
}

/** What a run decided, whoever booted. */
function decided({ verdict, crash }: RunRecord) {
  return {
    verdict,
    states: crash?.states,
    decided: crash?.decided,
    stages: crash?.stages.map(({ name, ...rest }) => [name, rest.decided, rest.claim]),
  };
}

describe('boots of earlier runs', () => {
  it('count where the recording is the same: then nothing is booted, and all is decided as before', async () => {
    const lab = await slotLab();
    const first = await lab.run(reusing);
    expect(bootsOf(first).reused).toEqual([]);
    let devices = 0;
    const { createTarget } = lab;
    lab.createTarget = (options) => {
      devices += 1;
      return createTarget(options);
    };
    const second = await lab.run(reusing);
    expect(decided(second)).toEqual(decided(first));
    expect(bootsOf(second).made).toEqual([]);
    expect(devices).toBe(0);
    expect(second.crash?.audited).toBe(first.crash?.audited);
    expect(summaryText([second])).toMatch(
      /\d+ of \d+ boots are earlier runs' of this recording, made on 20\d\d-\d\d-\d\d/,
    );
    expect(summaryText([first])).not.toContain('earlier runs');
  });

  it('count for the moments that a seed draws: with another one the live cut is made, which is two devices', async () => {
    const lab = await slotLab();
    await lab.run(reusing);
    const cutLive = async (asked: Asked) =>
      (await lab.run(asked)).crash?.cuts
        .filter(({ kind }) => kind === 'live')
        .map(({ booted }) => typeof booted);
    expect(await cutLive(reusing)).toEqual(['string']);
    expect(await cutLive({ ...reusing, seed: 'other' })).toEqual(['undefined']);
    expect(await cutLive({ limits: { reuse: false } })).toEqual(['undefined']);
  });

  it('are made again where that is asked for, and where the recording is another one', async () => {
    const lab = await slotLab();
    await lab.run(reusing);
    expect(bootsOf(await lab.run({ limits: { reuse: false } })).reused).toEqual([]);
    expect(bootsOf(await lab.run({ ...reusing, recordings: { fresh: true } })).reused).toEqual([]);
  });

  it('of another recording count for nothing, wherever they lie', async () => {
    const lab = await slotLab();
    const first = await lab.run(reusing);
    for (const file of await ledgers(lab)) {
      const { values } = readLines(await readFile(file, 'utf8'));
      await rm(file);
      for (const value of values) await appendLine(file, { ...(value as object), sha256: 'f'.repeat(64) });
    }
    const second = await lab.run(reusing);
    expect(bootsOf(second).reused).toEqual([]);
    expect(decided(second)).toEqual(decided(first));
  });

  it('of an interrupted run are not made again', async () => {
    const undisturbed = await (await slotLab()).run();
    const lab = await slotLab();
    const controller = new AbortController();
    let cuts = 0;
    const interrupted = await lab.run({
      ...reusing,
      jobs: 1,
      signal: controller.signal,
      events: (event) => {
        lab.events.push(event);
        if (event.type === 'cut') cuts += 1;
        if (cuts === 5) controller.abort(new Error('interrupted'));
      },
    });
    expect(interrupted.verdict).toBe('error');
    const { made } = bootsOf(interrupted);
    expect(notices(lab)).toContain(
      // With the live cut.
      `p1: ${made.length + 1} boots that passed are kept, and the same command goes on from there`,
    );
    const resumed = await lab.run({ ...reusing, jobs: 1 });
    expect(decided(resumed)).toEqual(decided(undisturbed));
    expect(notices(lab).filter((text) => text.includes('goes on from there'))).toHaveLength(1);
    expect(bootsOf(resumed).reused.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
  });

  it('that began in one millisecond are as many as they were', async () => {
    const lab = await slotLab();
    const first = await lab.run(reusing);
    for (const file of await ledgers(lab)) {
      const { values } = readLines(await readFile(file, 'utf8'));
      await rm(file);
      for (const value of values)
        await appendLine(file, { ...(value as object), booted: '2026-11-29T12:00:00.000Z' });
    }
    const second = await lab.run(reusing);
    expect(bootsOf(second).made).toEqual([]);
    expect(second.crash?.audited).toBe(first.crash?.audited);
  });

  it('that failed are made again, so that each finding has its console', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    const first = await lab.run(reusing);
    expect(first.verdict).toBe('failed');
    const second = await lab.run(reusing);
    expect(second.verdict).toBe('failed');
    expect(bootsOf(second).reused.length).toBeGreaterThan(0);
    for (const { verdict } of bootsOf(second).reused) expect(verdict).toBe('passed');
    const failed = bootsOf(second).made.filter(({ verdict }) => verdict === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    for (const { console } of failed) expect(console).toBeDefined();
  });

  it('are left out where they cannot be read, with a notice', async () => {
    const lab = await slotLab();
    const first = await lab.run(reusing);
    const [file = ''] = await ledgers(lab);
    const text = await readFile(file, 'utf8');
    await truncate(file, text.length - 5);
    const second = await lab.run(reusing);
    expect(decided(second)).toEqual(decided(first));
    expect(bootsOf(second).made).toHaveLength(1);
    expect(notices(lab).join('\n')).toMatch(/1 of \d+ boots of earlier runs in .* cannot be read/);
  });

  it('by another judge are not looked at, and are gone', async () => {
    const lab = await slotLab();
    await lab.run(reusing);
    const [file = ''] = await ledgers(lab);
    const other = file.replace(/\/boots\/[0-9a-f]{16}\//, '/boots/0123456789abcdef/');
    expect(other).not.toBe(file);
    await mkdir(join(other, '..'), { recursive: true });
    await writeFile(other, await readFile(file));
    await writeFile(file, '');
    expect(bootsOf(await lab.run(reusing)).reused).toEqual([]);
    expect(await ledgers(lab)).not.toContain(other);
  });
});

describe('the record of a boot', () => {
  it('is the same when it is read again, and small', async () => {
    const lab = await slotLab();
    const record = await lab.run();
    const cut = record.crash?.cuts.find(({ kind }) => kind !== 'live');
    if (cut === undefined) throw new Error('nothing was cut');
    const sectorsRead = [
      { recovered: Array.from({ length: 40_000 }, (_, i) => i + 8 * Math.floor(i / 100)), raw: [] },
      { recovered: [0, 2, 3], raw: [7] },
    ];
    const stages = [{ stage: 'whole' as const, verdict: cut.verdict, outcome: cut.outcome, sectorsRead }];
    const fact = {
      sha256: 'ab',
      state: '12',
      retry: false,
      seed: 0,
      cold: true,
      audit: false,
      booted: '2026-11-29T12:00:00.000Z',
      host: 'bench-1',
      record: cut,
      stages,
      places: ['data: /x'],
    };
    const stored = JSON.stringify(storeFact(fact));
    const restored = restoreFact(JSON.parse(stored));
    const read = restored?.stages[0]?.sectorsRead.map((disk) => ({
      recovered: [...disk.recovered],
      raw: [...disk.raw],
    }));
    expect(read).toEqual(sectorsRead);
    expect({ ...restored, stages }).toEqual(fact);
    expect(stored.length).toBeLessThan(20_000);
    expect(restoreFact({ ...fact, seed: -1 })).toBeUndefined();
  });
});
