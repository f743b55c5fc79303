import { join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import type { RunContext } from '../device/run-context.ts';
import type { ExploredBoot, Stage } from '../explore/boot.ts';
import { simplestOf } from '../explore/known-outcomes.ts';
import type { CutRecord, Finding } from '../model/record.ts';
import { bootState } from './boot-state.ts';
import { writeCarriedFinding } from './carried-finding.ts';
import { chanceFinding } from './chance.ts';
import { explain } from './explain.ts';
import { writeFinding } from './finding-file.ts';
import type { TraceExploration } from './open-exploration.ts';
import { tokenOf } from './planned.ts';
import type { RunProgress } from './power-cuts.ts';

/** Findings of one run that are shrunk and written to files of their own; each costs boots. */
const mostExplained = 8;

/**
 * Finds the reason of each way to fail that an exploration came upon, and writes it down for a replay; where that is not
 * to be `explained`, only says that it fails. With `carry` another file beside each replays without the image.
 */
export async function reportFailures(
  context: RunContext,
  opened: TraceExploration,
  progress: Pick<RunProgress, 'findings' | 'reported'>,
  {
    stages = ['whole', 'retry'],
    explained = true,
    carry = false,
  }: { stages?: readonly Stage[]; explained?: boolean; carry?: boolean } = {},
): Promise<void> {
  const { trace, exploration } = opened;
  progress.reported.add(opened);
  if (stages.includes('whole')) progress.findings.push(...chancesOf(context, opened));
  for (const stage of stages)
    for (const { boots, finding } of failuresOf(context, opened, stage)) {
      const [boot] = boots;
      // Noted as it is: an interrupted run still has it, though nobody has explained it.
      const number = progress.findings.push(finding);
      if (!explained || number > mostExplained) continue;
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
      if (carry && stage === 'whole') {
        const to = join(context.folder, `finding-${number}-carried.brownout`);
        const planned = { trace, state, window };
        const booted = await bootState(context, planned, { label: `carried-${number}`, retry: false });
        await writeCarriedFinding(context, planned, { stages: booted.stages, to, token, reason: text }).catch(
          (error: unknown) => {
            if (!(error instanceof ScenarioError)) throw error;
            context.notice(`finding ${number}: ${error.message}`);
          },
        );
      }
    }
}

/** Notes what a run that ended early came upon and has not reported, as it is: nobody has explained it. */
export function noteUnreported(
  context: RunContext,
  { explorations, reported, findings }: Pick<RunProgress, 'explorations' | 'findings' | 'reported'>,
): void {
  for (const { opened } of explorations)
    if (!reported.has(opened))
      findings.push(
        ...chancesOf(context, opened),
        ...(['whole', 'retry'] as const).flatMap((stage) =>
          failuresOf(context, opened, stage).map(({ finding }) => finding),
        ),
      );
}

function chancesOf(context: RunContext, { trace, exploration }: TraceExploration): Finding[] {
  return exploration.chances.map((chance) =>
    chanceFinding(chance, tokenOf(context, { trace, state: chance.usual.state })),
  );
}

/** A way to fail: the boots that failed so, and the finding that they make. */
interface Failing {
  boots: [ExploredBoot<CutRecord>, ...ExploredBoot<CutRecord>[]];
  finding: Finding;
}

/** The ways in which boots of a stage failed, by upgrade and outcome. */
function failuresOf(context: RunContext, { trace, exploration }: TraceExploration, stage: Stage): Failing[] {
  const groups = new Map<string, Failing['boots']>();
  for (const boot of exploration.boots) {
    const end = boot[stage];
    if (end?.verdict !== 'failed') continue;
    const key = `${boot.window.upgrade} ${end.outcome}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [boot]);
    else known.push(boot);
  }
  return [...groups.values()].map((boots) => {
    const [{ state, record }] = boots;
    const states = boots.reduce((sum, { decides }) => sum + decides[stage], 0);
    return { boots, finding: plainFinding(record, Math.max(1, states), tokenOf(context, { trace, state })) };
  });
}

function plainFinding(record: CutRecord, states: number, token: string): Finding {
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
