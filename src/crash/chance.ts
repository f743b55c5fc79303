import type { ExploredBoot } from '../explore/boot.ts';
import { type Chance, endOf } from '../explore/chance.ts';
import type { CutRecord, Finding, StepRecord } from '../model/record.ts';
import { type StepId, stepText } from '../model/steps.ts';

const step: StepId = { moment: 'after-cut', check: 'deterministic' };

/** The boot with other random numbers, as the failure that it shows: what comes of this state is chance. */
export function shownByChance(chance: Chance<CutRecord>): ExploredBoot<CutRecord> {
  const { other } = chance;
  const check: StepRecord = {
    id: step,
    name: stepText(step),
    verdict: 'failed',
    seconds: 0,
    problem: {
      kind: 'device',
      code: 'not-deterministic',
      message: messageOf(chance),
      hint: 'look for what hangs on random numbers or timing: names, identifiers, time-outs, the order of parallel work',
    },
  };
  const { record } = other;
  return {
    ...other,
    record: {
      ...record,
      outcome: `${record.outcome}, not deterministic`,
      checks: [...record.checks, check],
      verdict: 'failed',
    },
  };
}

/** The same as a finding. `token`: of the state, which boots with the usual random numbers. */
export function chanceFinding(chance: Chance<CutRecord>, token: string): Finding {
  const { stage, usual } = chance;
  const { record, decides } = usual;
  return {
    check: stepText(step),
    step,
    message: messageOf(chance),
    cut: record.id,
    token,
    during: `${record.during} ${record.upgrade}, ${record.description}`,
    states: Math.max(1, decides[stage]),
    minimal: [],
    files: [],
  };
}

function messageOf({ stage, usual, other, seed, ends }: Chance<CutRecord>): string {
  const [one, two] = [usual, other].map((boot) => `"${endOf(boot, stage).outcome}"`);
  if (seed !== undefined)
    return (
      `not deterministic: the same crash state comes up as ${one} with the usual random numbers and as ` +
      `${two} with others (QEMU's -seed 0 and -seed ${seed}) and disks that answer some requests later, each of ` +
      `them twice: which of the two a device in the field gets is chance; brownout replay --random-seed ${seed} shows the other`
    );
  const boots = [...ends.values()].reduce((sum, count) => sum + count, 0);
  const done = stage === 'retry' ? ' and does its upgrade again' : '';
  return (
    `not deterministic: the same crash state, booted ${boots} times with nothing changed, comes up${done} as ` +
    `${[...ends].map(([outcome, count]) => `"${outcome}" ${timesText(count)}`).join(', as ')}: ` +
    'which of them a device in the field gets is chance; brownout replay shows now the one, now the other'
  );
}

function timesText(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
