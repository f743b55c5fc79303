import { rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CleanupStack } from '../core/cleanup.ts';
import { HarnessError, messageOf, ScenarioError } from '../core/errors.ts';
import { makeFolders } from '../core/make-folders.ts';
import type { RunContext } from '../device/run-context.ts';
import type { BootStage } from '../explore/boot.ts';
import { disksIn } from '../recording/trace.ts';
import { carry } from './carried.ts';
import { writeFinding } from './finding-file.ts';
import type { PlannedState } from './planned.ts';

/** Throws HarnessError `folder-unwritable` where no finding can be written: better before it is booted for hours. */
export async function assertWritable(to: string): Promise<void> {
  try {
    await makeFolders(dirname(to));
    await writeFile(`${to}.part`, '');
    await rm(`${to}.part`);
  } catch (error) {
    throw new HarnessError('folder-unwritable', `${to} cannot be written: ${messageOf(error)}`, {
      cause: error,
      hint: 'make room there, or name another file with --carry',
    });
  }
}

/**
 * Writes a finding that holds what a boot has read of the state's disks; `stages` are that boot's. Throws ScenarioError
 * `carry-unfit`.
 */
export async function writeCarriedFinding(
  context: RunContext,
  planned: PlannedState,
  {
    stages: [whole, again],
    to,
    ...about
  }: { stages: readonly BootStage[]; to: string; token: string; reason: string },
): Promise<void> {
  if (whole === undefined || (whole.verdict === 'passed' && again?.verdict === 'failed'))
    throw new ScenarioError(
      'carry-unfit',
      'what fails is to install again, for which a replay needs the release, and so the image',
    );
  if (planned.trace.carried !== undefined)
    throw new ScenarioError('carry-unfit', 'the finding replays without its image already: copy it');
  await using stack = new CleanupStack();
  const { views } = await disksIn(context, planned.trace, planned.state, stack);
  const carried = await carry(context, views, whole.sectorsRead);
  await makeFolders(dirname(to));
  await writeFinding(context, to, { ...planned, ...about, carried });
}
