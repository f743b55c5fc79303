import { join } from 'node:path';
import { HarnessError } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Exploration } from './explore.ts';
import type { Audit, ExploredBoot } from './explored.ts';

/** Throws HarnessError `audit-mismatch` where an audit did not agree, and writes down what is needed to look into it. */
export async function assertAudits(context: RunContext, exploration: Exploration): Promise<void> {
  const wrong = exploration.audits.filter(({ agrees }) => !agrees);
  const [first] = wrong;
  if (first === undefined) return;
  const paths = await Promise.all(wrong.map((audit, i) => save(context, exploration, audit, i + 1)));
  throw new HarnessError(
    'audit-mismatch',
    `${wrong.length} of ${exploration.audits.length} audited states did not come to the verdict that another boot had given them, ` +
      `so what was decided without a boot cannot be trusted: ${first.boot.record.id} came to "${first.boot.whole.outcome}", ` +
      `${first.decidedBy.record.id} to "${first.decidedBy.whole.outcome}"`,
    {
      logPath: paths[0] ?? context.folder,
      hint: 'something that a boot depends on is not on its disks: look for randomness or time in the image',
    },
  );
}

async function save(
  context: RunContext,
  { space, trace }: Exploration,
  audit: Audit,
  n: number,
): Promise<string> {
  const path = join(context.folder, `mismatch-${trace.name}-${n}.json`);
  const side = ({ record, whole }: ExploredBoot) => ({
    state: record.id,
    verdict: whole.verdict,
    outcome: whole.outcome,
    checks: record.checks,
    console: record.console,
    read: Array.from(whole.read.cells, (cell) => [space.cells.disk(cell), space.cells.sector(cell)]),
  });
  const document = { audited: side(audit.boot), decidedBy: side(audit.decidedBy) };
  await writeFileAtomically(path, `${JSON.stringify(document, null, 2)}\n`);
  return path;
}
