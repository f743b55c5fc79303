import { join } from 'node:path';
import type { RunContext } from '../device/run-context.ts';
import type { ExploredBoot, Stage } from '../explore/boot.ts';
import { simplestOf } from '../explore/known-outcomes.ts';
import type { CutRecord, Finding } from '../model/record.ts';
import { chanceFinding } from './chance.ts';
import { explain } from './explain.ts';
import { writeFinding } from './finding-file.ts';
import type { TraceExploration } from './open-exploration.ts';
import { tokenOf } from './planned.ts';
import type { RunProgress } from './power-cuts.ts';

/** Findings of one run that are shrunk and written to files of their own; each costs boots. */
const mostExplained = 8;

/** Finds the reason of each way to fail that an exploration came upon, and writes it down for a replay. */
export async function reportFailures(
  context: RunContext,
  { trace, exploration }: TraceExploration,
  progress: Pick<RunProgress, 'findings'>,
  stages: readonly Stage[] = ['whole', 'retry'],
): Promise<void> {
  if (stages.includes('whole'))
    for (const chance of exploration.chances)
      progress.findings.push(chanceFinding(chance, tokenOf(context, { trace, state: chance.usual.state })));
  for (const stage of stages)
    for (const boots of failuresOf(exploration.boots, stage)) {
      const [boot] = boots;
      if (boot === undefined) continue;
      const states = Math.max(
        1,
        boots.reduce((sum, { decides }) => sum + decides[stage], 0),
      );
      const finding = plainFinding(boot, states, tokenOf(context, { trace, state: boot.state }));
      // Noted as it is: an interrupted run still has it, though nobody has explained it.
      const number = progress.findings.push(finding);
      if (number > mostExplained) continue;
      const { outcome } = boot[stage] ?? boot.whole;
      const simple = simplestOf(exploration, boots, stage) ?? boot;
      const { window } = simple;
      const failure = { state: simple.state, window, stage, outcome };
      // Shrinking boots states, whatever the budget was: it may take minutes.
      context.notice(`${trace.name}: finding ${number}: which of its writes are to blame?`);
      const { state, text, minimal, files } = await explain(context, trace, exploration, failure);
      const token = tokenOf(context, { trace, state });
      const file = `finding-${number}.brownout`;
      await writeFinding(context, join(context.folder, file), { trace, state, window, token, reason: text });
      progress.findings[number - 1] = { ...finding, token, reason: text, minimal, files, file };
    }
}

/** The failing boots of a stage, by upgrade and outcome. */
function failuresOf(boots: readonly ExploredBoot<CutRecord>[], stage: Stage): ExploredBoot<CutRecord>[][] {
  const groups = new Map<string, ExploredBoot<CutRecord>[]>();
  for (const boot of boots) {
    const end = boot[stage];
    if (end?.verdict !== 'failed') continue;
    const key = `${boot.window.upgrade} ${end.outcome}`;
    groups.set(key, [...(groups.get(key) ?? []), boot]);
  }
  return [...groups.values()];
}

function plainFinding({ record }: ExploredBoot<CutRecord>, states: number, token: string): Finding {
  const failed = record.checks.find(({ verdict }) => verdict === 'failed');
  return {
    check: failed?.name ?? 'boots',
    ...(failed === undefined ? {} : { step: failed.id }),
    message: failed?.problem?.message ?? record.outcome,
    cut: record.id,
    token,
    during: `${record.during} ${record.upgrade}, ${record.description}`,
    states,
    minimal: [],
    files: [],
  };
}
