import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../../src/core/errors.ts';
import type { ConformanceRecord } from '../../../src/model/conformance.ts';
import { conformanceMarkdown, conformanceText } from '../../../src/report/conformance-text.ts';
import { type ConformOptions, runConformance } from '../../../src/runner/conform.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';
import { three } from '../../support/simulated/suite.ts';

const cases = ['I1', 'I2', 'V3', 'V8', 'S2'];

/** A lab whose suites are begun again and again, and how many devices they have made. */
async function suiteLab(traits: SlotTraits = {}) {
  const lab = await slotLab(traits);
  await lab.scenario(three);
  const { createTarget } = lab;
  let made = 0;
  lab.createTarget = (options) => {
    made += 1;
    return createTarget(options);
  };
  const suite = async (asked: Partial<ConformOptions> = {}) => {
    made = 0;
    const choice = { ids: cases, groups: [] };
    const usual = { ...(await lab.options()), choice, budgetMs: 600_000, reuse: true, jobs: 1 };
    const [record] = await runConformance({ ...usual, ...asked });
    if (record === undefined) throw new Error('the suite has left no record');
    return { record, made };
  };
  return { lab, suite };
}

const verdicts = ({ cases: all }: ConformanceRecord) => all.map(({ id, verdict }) => [id, verdict]);
const earlier = ({ cases: all }: ConformanceRecord) =>
  all.flatMap(({ id, done }) => (done === undefined ? [] : [id]));
const noticesOf = ({ events }: Lab) =>
  events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));

describe('a suite that is begun again', () => {
  it('does no case that was decided, and says so', async () => {
    const { suite, lab } = await suiteLab({ believesEveryByte: true });
    const first = await suite();
    const again = await suite();
    expect(verdicts(first.record)).toEqual([
      ...[
        ['I1', 'passed'],
        ['I2', 'passed'],
      ],
      ...[
        ['V3', 'failed'],
        ['V8', 'ability-missing'],
        ['S2', 'not-applicable'],
      ],
    ]);
    expect(verdicts(again.record)).toEqual(verdicts(first.record));
    expect(again.record.verdict).toBe('failed');
    expect(earlier(first.record)).toEqual([]);
    expect(earlier(again.record)).toEqual(['I1', 'I2', 'V3', 'V8']);
    expect(first.made).toBeGreaterThan(3);
    expect(again.made).toBe(0);

    const day = new Date().toISOString().slice(0, 10);
    const told = `4 of 5 cases are earlier runs', done on ${day} (--fresh does them again)`;
    expect(conformanceText([again.record])).toContain(told);
    expect(conformanceText([first.record])).not.toContain('earlier');
    expect(conformanceMarkdown([again.record])).toContain(`4 of 5 cases are earlier runs', done on ${day}`);
    const page = await readFile(join(lab.reports, 'latest', 'index.html'), 'utf8');
    expect(page).toContain(`by an earlier run, ${day}`);
  });

  it('has the consoles of what an earlier run has shown', async () => {
    const { suite, lab } = await suiteLab({ believesEveryByte: true });
    const consoleOf = async ({ cases: all }: ConformanceRecord) => {
      const path = all
        .find(({ id }) => id === 'V3')
        ?.steps.find(({ verdict }) => verdict === 'failed')?.console;
      return readFile(join(lab.reports, 'latest', path ?? ''), 'utf8');
    };
    const shown = await consoleOf((await suite()).record);
    expect(shown).not.toBe('');
    expect(await consoleOf((await suite()).record)).toBe(shown);
    expect(await consoleOf((await suite()).record)).toBe(shown);
  });

  it('goes on where it was interrupted', async () => {
    const { suite } = await suiteLab();
    const stop = new AbortController();
    const first = await suite({
      signal: stop.signal,
      events: (event) => {
        if (event.type === 'case' && event.case.verdict === 'passed')
          stop.abort(new HarnessError('interrupted', 'interrupted by a test'));
      },
    });
    const done = first.record.cases.filter(({ verdict }) => verdict === 'passed').map(({ id }) => id);
    expect([1, 2]).toContain(done.length);
    expect(first.record.verdict).toBe('unknown');
    const again = await suite();
    expect(earlier(again.record)).toEqual(done);
    expect(again.record.verdict).toBe('passed');
  });

  it('does again what broke the harness', async () => {
    const { suite, lab } = await suiteLab();
    const { createTarget } = lab;
    lab.createTarget = () => Promise.reject(new HarnessError('qemu-died', 'QEMU ended by itself'));
    const { record } = await suite();
    expect(record.cases.slice(0, 3).map(({ verdict }) => verdict)).toEqual(['error', 'error', 'error']);
    lab.createTarget = createTarget;
    const again = await suite();
    expect(earlier(again.record)).toEqual([]);
    expect(again.record.verdict).toBe('passed');
  });

  it('does every case with --fresh, and later ones take these', async () => {
    const { suite } = await suiteLab();
    const first = await suite();
    const fresh = await suite({ reuse: false });
    expect([earlier(fresh.record), fresh.made]).toEqual([[], first.made]);
    const again = await suite();
    expect(again.record.cases[0]?.done?.localeCompare(fresh.record.started)).toBe(1);
  });

  it.each<[string, (lab: Lab) => unknown, Partial<ConformOptions>]>([
    ['the seed', () => undefined, { seed: '2' }],
    ['the image', (lab) => (lab.manifest = { ...lab.manifest, key: '0123456789abcdef' }), {}],
    ['the scenario', (lab) => lab.scenario({ ...three, checks: [{ name: 'c', run: 'true' }] }), {}],
  ])('does every case where %s is another one', async (_, change, asked) => {
    const { suite, lab } = await suiteLab();
    await suite();
    await change(lab);
    expect(earlier((await suite(asked)).record)).toEqual([]);
  });

  it('does a case again of which what was kept is damaged', async () => {
    const { suite, lab } = await suiteLab();
    await suite();
    const root = join(lab.cache, 'verdicts');
    const [folder = ''] = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('/I1'));
    const file = join(root, folder, 'verdict.jsonl');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"passed"', '"failed"'));
    const { record } = await suite();
    expect(earlier(record)).toEqual(['I2', 'V3', 'V8']);
    expect(record.verdict).toBe('passed');
    expect(noticesOf(lab)).toEqual([
      expect.stringMatching(/^dropping the case in .*\/I1: it is not what was kept$/),
    ]);
  });

  it('goes on where nothing can be kept, and says so once', async () => {
    const { suite, lab } = await suiteLab();
    await mkdir(lab.cache);
    await writeFile(join(lab.cache, 'verdicts'), 'no folder');
    expect((await suite()).record.verdict).toBe('passed');
    expect(noticesOf(lab)).toEqual([expect.stringMatching(/^cases are not kept for later runs: .*verdicts/)]);
  });
});
