import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import type { RunRecord, Verdict } from '../../../src/model/record.ts';
import { disturbances } from '../../../src/model/recording.ts';
import { Disturber, disturbed, disturbingCommands } from '../../../src/recording/disturb.ts';
import { keptRecordings } from '../../../src/recording/kept-recordings.ts';
import { summaryText } from '../../../src/report/summary.ts';
import { FileStore } from '../../support/simulated/file-store.ts';
import { slotLab } from '../../support/simulated/lab.ts';
import type { Power } from '../../support/simulated/machine.ts';
import { prints } from '../../support/simulated/shell.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

const mounts = [
  '/dev/root / ext4 ro,relatime 0 0',
  'proc /proc proc rw 0 0',
  '/dev/vda4 /data ext4 rw,nosuid,noatime 0 0',
  '/dev/vda4 /data/again ext4 rw,noatime 0 0',
  'etc /etc overlay rw,upperdir=/data/etc 0 0',
  '/dev/vda1 /boot vfat rw 0 0',
  "/dev/vdb /it\\040is\\040$(mine)' xfs rw 0 0",
  '',
].join('\n');

/** How much faster than others the clock of a disturber and of this updater runs. */
const faster = 10;

/** Lets pauses pass faster; returns all that were asked for, in milliseconds. */
function shortPauses(): number[] {
  const asked: number[] = [];
  const sleeps = systemClock.sleep.bind(systemClock);
  vi.spyOn(systemClock, 'sleep').mockImplementation((ms, signal) => {
    asked.push(ms);
    return sleeps(ms / faster, signal);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  return asked;
}

/**
 * A device whose updater empties a file of the owner's in memory and fills it again: what is in memory reaches the disk
 * when the journal commits, which another program's fsync makes it do, or its need of memory, and at once where the file
 * system is mounted so.
 */
function emptiesFirst(): SlotTraits {
  let emptied: Promise<void> | undefined;
  const path = '/etc/app.conf';
  const commit = async ({ disks }: Power, content: Buffer) => {
    const data = disks.get('data');
    if (data === undefined) throw new Error('no disk for data');
    const files = new FileStore(data);
    await files.rewrite(path, content);
    await files.flush();
  };
  let isEmpty = false;
  let atOnce = false;
  return {
    before: async (command, power) => {
      if (command === 'cat /proc/mounts') return prints(mounts);
      if (/remount,\S*(?:sync|commit=1) '\/dev\/vda4'/.test(command)) {
        atOnce = true;
        return prints('');
      }
      if (command.includes('.brownout-scratch')) {
        if (isEmpty) await (emptied ??= commit(power, Buffer.alloc(0)));
        return prints('');
      }
      if (!command.startsWith('rauc install')) return undefined;
      const data = power.disks.get('data');
      const content = data === undefined ? undefined : (await new FileStore(data).read(path))?.content;
      isEmpty = true;
      if (atOnce) emptied = commit(power, Buffer.alloc(0));
      for (let waited = 0; waited < 2000 && emptied === undefined; waited += 50) await sleep(50 / faster);
      isEmpty = false;
      await emptied;
      if (emptied !== undefined && content !== undefined) await commit(power, content);
      emptied = undefined;
      atOnce = false;
      return undefined;
    },
  };
}

/** Each installation takes its two seconds. */
const once = { retry: 'unchecked' };

/** Which recordings states are of that were booted, by the verdict. */
function recordingsOf({ crash }: RunRecord, verdict: Verdict): Set<string | undefined> {
  const cuts = crash?.cuts.filter((cut) => cut.verdict === verdict && cut.kind !== 'live') ?? [];
  return new Set(cuts.map(({ id }) => id.split('.')[0]));
}

describe('several recordings of a path', () => {
  it('are as many as were asked for, each with its name and crash states of its own', async () => {
    const lab = await slotLab();
    await lab.scenario({ powerCuts: { during: ['confirm'], recordings: 3 }, expect: once });
    const record = await lab.run();
    expect(record).toMatchObject({
      verdict: 'passed',
      paths: [{ releases: ['1.0', '1.1'] }, { recording: { number: 2 } }, { recording: { number: 3 } }],
      crash: { claim: 'exhaustive', recording: { count: 3, disturbed: 0, paths: 1, reused: false } },
    });
    expect(record.paths[0]).not.toHaveProperty('recording');
    expect(recordingsOf(record, 'passed')).toEqual(new Set(['p1', 'p1r2', 'p1r3']));
    expect(await keptRecordings(lab.cache)).toHaveLength(3);
    expect(summaryText([record])).toContain('every crash state of 3 recordings (');
  });

  it('take what disturbs them in turns', async () => {
    shortPauses();
    const lab = await slotLab(emptiesFirst());
    await lab.scenario({ powerCuts: { recordings: 4, disturb: ['sync', 'writeback'] } });
    const { paths } = await lab.run({ recordings: { only: true } });
    expect(paths.map(({ recording }) => recording?.by)).toEqual([undefined, 'sync', 'writeback', 'sync']);
  });
});

describe('an updater that empties a file and fills it two seconds later', () => {
  it('passes where nothing disturbs the recording, and the claim is about that one', async () => {
    shortPauses();
    const lab = await slotLab(emptiesFirst());
    await lab.scenario({ expect: once });
    const record = await lab.run();
    expect(record).toMatchObject({
      verdict: 'passed',
      crash: { claim: 'exhaustive', recording: { count: 1, disturbed: 0, paths: 1 } },
    });
    expect(summaryText([record])).toContain('every crash state of 1 recording (');
  });

  it.each(disturbances)('fails in the recording that is disturbed by %s', async (by) => {
    shortPauses();
    const lab = await slotLab(emptiesFirst());
    await lab.scenario({ expect: once, powerCuts: { during: ['install'], disturb: [by] } });
    const record = await lab.run({ limits: { auditLeast: 0, auditShare: 0 } });
    expect([record.verdict, record.problem]).toEqual(['failed', undefined]);
    expect(record.paths[1]?.recording).toEqual({ number: 2, by });
    expect(recordingsOf(record, 'failed')).toEqual(new Set(['p1r2']));
  });

  it('fails once commits disturb a recording, which is kept apart and whose findings replay', async () => {
    shortPauses();
    const lab = await slotLab(emptiesFirst());
    await lab.scenario({ expect: once, powerCuts: { disturb: ['commits'] } });
    const record = await lab.run();
    expect(record).toMatchObject({
      verdict: 'failed',
      paths: [{ releases: ['1.0', '1.1'] }, { recording: { number: 2, by: 'commits' } }],
      crash: { recording: { count: 2, disturbed: 1, paths: 1, reused: false } },
    });
    const failed = record.crash?.cuts.filter(({ verdict }) => verdict === 'failed') ?? [];
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.map(({ id }) => id.split('.')[0])).toEqual(failed.map(() => 'p1r2'));
    expect(summaryText([record])).toContain('of 2 recordings, 1 of them disturbed');

    const [finding] = record.findings;
    const inFile = await lab.replay(join(lab.reports, 'latest', finding?.file ?? ''));
    expect(inFile.cut).toMatchObject({ verdict: 'failed', token: finding?.token });
    const byToken = await lab.replay(finding?.token ?? '');
    expect(byToken.cut).toMatchObject({ verdict: 'failed', token: finding?.token });

    const again = await lab.run();
    expect(again.crash?.recording).toEqual({ ...record.crash?.recording, reused: true });
    expect(again.findings.map(({ token }) => token)).toEqual(record.findings.map(({ token }) => token));
  });

  it('has no disturbed recording where nothing is to be cut', async () => {
    const lab = await slotLab(emptiesFirst());
    await lab.scenario({ expect: once, powerCuts: { disturb: ['commits'] } });
    const { verdict, paths } = await lab.run({ powerCuts: { mode: 'none' } });
    expect({ verdict, paths: paths.length }).toEqual({ verdict: 'passed', paths: 1 });
  });
});

describe('the moments at which a recording is disturbed', () => {
  it('are those of its path and number: alike each time, and others in each recording', async () => {
    const asked = shortPauses();
    const pausesOf = async (number: number, releases = ['1.0', '1.1']) => {
      let rounds = 0;
      const device = {
        run: (command: string) => {
          if (command.startsWith('dd')) rounds += 1;
          return Promise.resolve(prints(command === 'cat /proc/mounts' ? mounts : ''));
        },
      };
      const run = {
        signal: new AbortController().signal,
        notice: () => undefined,
        scenario: { source: { path: 'here.yaml', sha256: '' } },
      };
      asked.length = 0;
      await new Disturber(run, { releases, recording: { number, by: 'commits' }, steps: [] }).beside(
        device,
        async () => {
          while (rounds < 4) await sleep(5);
        },
      );
      return asked.slice(0, 4);
    };
    const second = await pausesOf(2);
    expect(new Set(second).size).toBe(4);
    for (const ms of second) expect(ms >= 150 && ms < 850, `${ms} ms`).toBe(true);
    expect(await pausesOf(2)).toEqual(second);
    for (const other of [await pausesOf(3), await pausesOf(2, ['1.0', '2.0'])])
      expect(other).not.toEqual(second);
  });
});

it('ends a run whose device cannot be disturbed as asked for', async () => {
  const before: SlotTraits['before'] = (command) =>
    command === 'cat /proc/mounts' ? prints('proc /proc proc rw 0 0\n') : undefined;
  const lab = await slotLab({ before });
  await lab.scenario({ powerCuts: { disturb: ['load'] } });
  const { verdict, problem } = await lab.run();
  expect({ verdict, problem }).toMatchObject({
    verdict: 'error',
    problem: { kind: 'scenario', code: 'disturb-failed', message: /no writable file system with a journal/ },
  });
});

describe('what disturbs a recording', () => {
  it('is on each writable file system with a journal, once', () => {
    expect(disturbed(mounts).map(({ point }) => point)).toEqual(['/data', "/it is $(mine)'"]);
  });

  it.each(disturbances)('takes the names of the guest as they stand: %s', (by) => {
    const { begin, round } = disturbingCommands(by, disturbed(mounts));
    const quoted = `'/it is $(mine)'\\''`;
    const named = {
      commits: `${quoted}/.brownout-scratch/commits'`,
      load: `${quoted}/.brownout-scratch/load'`,
      sync: `remount,rw,sync '/dev/vdb' ${quoted}'`,
      writeback: `'/data'`,
    }[by];
    for (const command of [begin, ...(round === undefined ? [] : [round])]) expect(command).toContain(named);
  });

  it('leaves mount flags as they are where it has the journal commit each second', () => {
    const { begin } = disturbingCommands('writeback', disturbed(mounts));
    expect(begin).toContain(`mount -o remount,rw,nosuid,noatime,commit=1 '/dev/vda4' '/data'`);
    expect(begin).not.toContain('xfs');
  });
});
