import { join } from 'node:path';
import type { CutRecord, RunRecord } from '../../../src/model/record.ts';
import type { Shard } from '../../../src/model/shard.ts';
import { planMerge } from '../../../src/runner/merge.ts';
import { runScenarios } from '../../../src/runner/run-scenarios.ts';
import { type Asked, type Lab, slotLab } from './lab.ts';

export const reuse = { reuse: true };

/** A lab with its recording, whose runs all cut the power in that. */
export async function recordedLab(
  traits: Parameters<typeof slotLab>[0] = {},
  powerCuts: Record<string, unknown> = {},
): Promise<Lab> {
  const lab = await slotLab(traits);
  await lab.scenario({ powerCuts });
  await lab.run({ recordings: { only: true } });
  return lab;
}

/** Workers one after the other, each with a ledger of its own below its report. */
export async function apart(lab: Lab, count: number): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for (let index = 1; index <= count; index += 1)
    records.push(await lab.run({ limits: { ...reuse, shard: { index, count } } }));
  return records;
}

/** Workers at once that share a folder, below that of the lab. */
export function together(lab: Lab, count: number, name?: string): Promise<RunRecord[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      lab.run({ limits: shared(lab, { index: i + 1, count }, name), jobs: 1 }),
    ),
  );
}

export function shared(lab: Lab, shard?: Shard, name = 'shared'): NonNullable<Asked['limits']> {
  const ledger = { folder: join(lab.folder, name), besides: [], live: true };
  return { ...reuse, ledger, shard };
}

export async function merged(lab: Lab, folders: string[], asked: Asked = {}) {
  const plan = await planMerge(folders);
  const options = await lab.options({
    ...asked,
    limits: { ...plan.limits, ...reuse, ...asked.limits, ledger: plan.ledger },
    unfinished: plan.unfinished,
    recordings: { cut: plan.recordings, ...asked.recordings },
  });
  const [record] = await runScenarios({ ...options, scenarios: plan.scenarios, seed: plan.seed });
  if (record === undefined) throw new Error('nothing was merged');
  return { record, plan };
}

/** What a run says of all states: the same for one worker and for several. */
export function outcome({ verdict, crash, findings }: RunRecord) {
  return {
    verdict,
    states: crash?.states,
    decided: crash?.decided,
    undecided: crash?.undecided,
    claim: crash?.claim,
    whole: wholeOutcomes(crash?.cuts ?? []),
    findings: [...new Set(findings.map(({ check, message }) => `${check} ${message}`))].sort(),
  };
}

/** How many states came out how; the live cut is another one each time. */
function wholeOutcomes(cuts: readonly CutRecord[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { kind, stage, outcome, decides = 0 } of cuts)
    if (kind !== 'live' && stage === 'whole') sums[outcome] = (sums[outcome] ?? 0) + decides;
  return sums;
}

/** Boots that decide states, wherever they were made. */
export function deciding(...records: RunRecord[]): CutRecord[] {
  return records.flatMap(({ crash }) =>
    (crash?.cuts ?? []).filter(
      ({ stage, decides = 0, booted }) => stage === 'whole' && decides > 0 && booted === undefined,
    ),
  );
}

export function made({ crash }: RunRecord): CutRecord[] {
  return (crash?.cuts ?? []).filter(({ booted, kind }) => booted === undefined && kind !== 'live');
}
