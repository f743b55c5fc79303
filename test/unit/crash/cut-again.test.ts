import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RunEvent } from '../../../src/model/event.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { FileStore } from '../../support/simulated/file-store.ts';
import { codesOf, type Lab, slotLab } from '../../support/simulated/lab.ts';
import type { Power } from '../../support/simulated/machine.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

type Start = NonNullable<SlotTraits['onStart']>;

function disk({ disks }: Power, id: string) {
  const found = disks.get(id);
  if (found === undefined) throw new Error(`no disk ${id}`);
  return found;
}

const list = '/var/restore';

/** The updater notes what it is about to do, and a recovery does it, once, when the new release first starts. */
function recovers(how: (files: FileStore, work: string) => Promise<void>): Start {
  return async (power, release) => {
    const files = new FileStore(disk(power, 'data'));
    if (release === '1.0') return;
    const done = await files.read('/var/done');
    if (done === undefined) {
      // The first start writes the list, and the settings are away until it is worked off.
      await files.replace(list, (await files.read('/etc/app.conf'))?.content ?? Buffer.alloc(0));
      await files.replace('/var/done', Buffer.from('1'));
    }
    const work = await files.read(list);
    if (work !== undefined) await how(files, work.content.toString());
  };
}

/** Applies what is on the list, and only then forgets it. */
const appliesFirst = recovers(async (files, work) => {
  await files.replace('/etc/app.conf', Buffer.from(work));
  await files.remove(list);
  await files.flush();
});

interface Case {
  onStart: Start;
  during: string[];
  inARow?: number;
  boots: number;
}

async function take({ onStart, during, inARow, boots }: Case): Promise<{ lab: Lab; record: RunRecord }> {
  const lab = await slotLab({ onStart });
  await lab.scenario({ powerCuts: { during, ...(inARow === undefined ? {} : { inARow }) } });
  return { lab, record: await lab.run({ limits: { secondCutBoots: boots } }) };
}

/** Sets of places of a stage. */
function writtenBefore({ crash }: RunRecord, name: string) {
  return crash?.stages.find((stage) => stage.name === name)?.written ?? [];
}

/** What a new release does at its first start, and at none after it: only a coming-back writes so. */
function onlyAfter(damage: (files: FileStore, power: Power) => Promise<void>): Start {
  return async (power, release) => {
    const files = new FileStore(disk(power, 'data'));
    const left = (await disk(power, 'boot').read(0, 512)).toString();
    // As few states as the boot loader's sector tells apart have this to do.
    if (release === '1.0' || !left.includes('"B":2')) return;
    await damage(files, power);
  };
}

describe('second cuts are made where the coming-back wrote', { timeout: 60_000 }, () => {
  it('find a recovery that deletes its list before it has applied it', async () => {
    const deletesFirst = onlyAfter(async (files) => {
      const kept = await files.read('/etc/app.conf');
      const work = await files.read(list);
      if (work === undefined && kept !== undefined) await files.replace(list, kept.content);
      const content = work?.content ?? kept?.content;
      await files.rewrite('/etc/app.conf', Buffer.alloc(0));
      await files.flush();
      // Here: from now on nobody knows any more what is to be done.
      await files.remove(list);
      await files.flush();
      if (content !== undefined) await files.replace('/etc/app.conf', content);
    });
    const { record } = await take({ onStart: deletesFirst, during: ['install', 'second-cut'], boots: 12 });
    expect([record.verdict, codesOf(record)]).toEqual(['failed', ['configuration-lost']]);
    expect(record.findings[0]?.during).toMatch(/^second-cut/);
  });

  it('pass a recovery that applies its list first', async () => {
    const { record } = await take({
      onStart: appliesFirst,
      during: ['first-boot', 'second-cut'],
      boots: 12,
    });
    expect([record.verdict, codesOf(record)]).toEqual(['passed', []]);
  });

  it('find a boot script that removes the environment before it writes the new one', async () => {
    const removesFirst: Start = onlyAfter(async (_, power) => {
      const boot = disk(power, 'boot');
      const content = await boot.read(0, 512);
      await boot.write(0, Buffer.alloc(512), false);
      await boot.flush();
      await boot.write(0, content, false);
      await boot.flush();
    });
    const { record } = await take({ onStart: removesFirst, during: ['install', 'second-cut'], boots: 12 });
    expect(record.verdict).toBe('failed');
    expect(record.findings.map(({ during }) => during.split(' ')[0])).toContain('second-cut');
  });

  it('say how many sets of places were written, which were cut again, how many states each has, and which were not', async () => {
    const { record } = await take({
      onStart: appliesFirst,
      during: ['install', 'first-boot', 'second-cut'],
      boots: 3,
    });
    const written = writtenBefore(record, 'second-cut');
    expect(written.length).toBeGreaterThan(1);
    expect(new Set(written.map(({ places }) => places.join())).size).toBe(written.length);
    expect(written.every(({ places }) => places.length > 0)).toBe(true);
    const cut = written.flatMap(({ cuts }) => cuts);
    expect(cut).toHaveLength(1);
    expect(cut[0]?.states).toBeGreaterThan(0);
    expect(cut[0]?.decided).toBeGreaterThan(0);
    expect(record.crash?.stages.find(({ name }) => name === 'second-cut')?.ended).toBe('bound');
    expect(summaryText([record])).toContain(
      `second cut: 1 of ${written.length} sets of places written while coming back were cut again`,
    );
    expect(summaryText([record])).toContain('not cut: boot: ');
  });

  it('are made of further comings-back where more boots are given, each once, and of every set', async () => {
    const { record } = await take({
      onStart: appliesFirst,
      during: ['install', 'first-boot', 'second-cut'],
      boots: 400,
    });
    const written = writtenBefore(record, 'second-cut');
    expect(written.filter(({ cuts }) => cuts.length === 0)).toEqual([]);
    const grounds = written.flatMap(({ cuts }) => cuts.map(({ cut }) => cut));
    expect(new Set(grounds).size).toBe(grounds.length);
    expect(grounds.length).toBeGreaterThan(written.length);
    expect(record.crash?.stages.find(({ name }) => name === 'second-cut')?.ended).toBe('complete');
  });
});

/** A boot after a cut, by the name of its console's log, and whether it was begun when the budget was at its end. */
interface Begun {
  name: string;
  isLate: boolean;
}

/** Whether a boot brings a device back from the first cut once more, so that it can be cut then. */
const isAgain = ({ name }: Begun) => name.endsWith('-again.1.log');
/** Whether a boot decides what a second cut has left. */
const isSecond = ({ name }: Begun) => /_-\d+\.1\.log$/.test(name);

/** A lab whose budget ends when a test says so, and the boots that were begun in it. */
async function budgetLab({
  onBegun = () => undefined,
  onSecondCut = () => undefined,
}: {
  onBegun?: (boot: Begun, end: () => void) => Promise<void> | void;
  onSecondCut?: (ended: number, end: () => void) => void;
}) {
  const budgetMs = 600_000;
  const deciding = new AbortController();
  const end = () => deciding.abort();
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) =>
    ms < budgetMs ? deciding.signal : timeout(ms),
  );
  onTestFinished(() => void vi.restoreAllMocks());
  const lab = await slotLab({ onStart: appliesFirst });
  const begun: Begun[] = [];
  const { createTarget } = lab;
  lab.createTarget = async (options) => {
    const boot = { name: basename(options.consoleLog(1)), isLate: deciding.signal.aborted };
    begun.push(boot);
    await onBegun(boot, end);
    return createTarget(options);
  };
  let ended = 0;
  const events = (event: RunEvent) => {
    if (event.type !== 'cut' || event.cut.during !== 'second-cut') return;
    ended += 1;
    onSecondCut(ended, end);
  };
  const run = async (fields: Record<string, unknown>, jobs: number, secondCutBoots: number) => {
    await lab.scenario({ powerCuts: { during: ['first-boot', 'second-cut'], ...fields } });
    const record = await lab.run({ jobs, events, limits: { budgetMs, secondCutBoots } });
    const stage = record.crash?.stages.find(({ name }) => name === 'second-cut');
    if (stage === undefined) throw new Error('nothing was cut again');
    return { record, stage, begun };
  };
  return { run };
}

describe('second cuts in whose midst the budget ends', () => {
  it.each([1, 2])('make the run unknown, and what was begun counts: %i at once', async (jobs) => {
    const lab = await budgetLab({ onSecondCut: (ended, end) => ended === 2 && end() });
    const { record, stage, begun } = await lab.run({}, jobs, 400);
    expect([record.verdict, codesOf(record), stage.ended]).toEqual(['unknown', [], 'budget']);
    expect(summaryText([record])).toContain('UNKNOWN: second cut: the budget was used up before');
    // What was begun beside the boot at whose end it ended goes on to its own.
    expect(begun.filter(({ isLate }) => isLate).length).toBeLessThan(jobs);
    const second = record.crash?.cuts.filter(({ during }) => during === 'second-cut') ?? [];
    expect(second.length).toBeGreaterThanOrEqual(2);
    expect(second.length).toBeLessThan(2 + jobs);
    expect(second).toHaveLength(begun.filter(isSecond).length);
    expect(stage.boots).toBe(second.length);
    expect(stage.written?.flatMap(({ cuts }) => cuts)).toHaveLength(begun.filter(isAgain).length);
    expect(stage.decided).toBeLessThan(stage.states);
  });

  it('begin no boot once it has ended, also none that waits for its place', async () => {
    let isFirst = true;
    const lab = await budgetLab({
      onBegun: async (boot, end) => {
        if (!isFirst || !isAgain(boot)) return;
        isFirst = false;
        // Meanwhile the other recording wants to begin the same.
        await sleep(50);
        end();
      },
    });
    const { record, stage, begun } = await lab.run({ recordings: 2 }, 1, 12);
    expect(begun.filter(({ isLate }) => isLate)).toEqual([]);
    expect([record.verdict, stage.ended]).toEqual(['unknown', 'budget']);
  });

  it('are at their own bound where the last boot that they were given has ended before', async () => {
    const lab = await budgetLab({ onSecondCut: (ended, end) => ended === 3 && end() });
    const { record, stage } = await lab.run({}, 1, 3);
    expect([record.verdict, stage.ended, stage.boots]).toEqual(['passed', 'bound', 3]);
  });
});

/** Where the mark of a start is that found so many marks of starts that were cut. */
const markAt = (found: number) => (40 + 8 * found) * 512;

/** A start marks that it is at work, one mark more for each start before it that was cut, and clears all at its end. */
const givesUpAfter: (cuts: number) => Start = (cuts) => async (power) => {
  const data = disk(power, 'data');
  let found = 0;
  for (let mark = 0; mark < cuts; mark += 1)
    if ((await data.read(markAt(mark), 512))[0] === 1) found = mark + 1;
  if (found >= cuts) await new FileStore(data).replace('/etc/app.conf', Buffer.from('given up\n'));
  await data.write(markAt(found), Buffer.alloc(512, 1), false);
  await data.flush();
  for (let mark = found; mark >= 0; mark -= 1) await data.write(markAt(mark), Buffer.alloc(512), false);
  await data.flush();
};

describe('a third cut in a row', { timeout: 60_000 }, () => {
  it('finds what two do not show, and is replayed from its finding, level by level', async () => {
    const asked = { onStart: givesUpAfter(3), during: ['first-boot', 'second-cut'], boots: 24 };
    const { record: two } = await take(asked);
    expect([two.verdict, codesOf(two)]).toEqual(['passed', []]);
    const { lab, record } = await take({ ...asked, inARow: 3 });
    expect([record.verdict, codesOf(record)]).toEqual(['failed', ['configuration-lost']]);
    expect(record.crash?.stages.map(({ name }) => name)).toContain('third-cut');
    const [finding] = record.findings;
    expect(finding?.during).toMatch(/^third-cut 1\.0->1\.1/);
    expect(finding?.token).toMatch(/:p1\.\d+[^/]*\/\d+[^/]*\/\d+/);
    const byFile = await lab.replay(join(lab.reports, 'latest', finding?.file ?? ''));
    expect(byFile.cut).toMatchObject({ verdict: 'failed', during: 'third-cut', token: finding?.token });
    await rm(join(lab.cache, 'recordings'), { recursive: true });
    const byToken = await lab.replay(finding?.token ?? '');
    expect(byToken.cut).toMatchObject({ verdict: 'failed', outcome: byFile.cut?.outcome });
  });
});
