import { isSameStep, type Moment, momentText } from '../model/steps.ts';
import { judgeKernel, judgeTexts } from '../oracle/console.ts';
import type { AnyState } from '../target/target.ts';
import type { Checklist } from './checklist.ts';
import type { RunContext } from './run-context.ts';

/** When a console is listened to. */
export interface Listening {
  when: Moment;
  /** Whether what was said in boots that the device gave up is how it falls back, as it may. */
  mayFallBack?: boolean;
  /** Whether the device was booted since it was last listened to, so that it must show what the scenario asks for. */
  booted?: boolean;
  /** After a cut: the ext4 file systems that the device has mounted by now, by the names that the kernel gives them. */
  mounted?: () => Promise<ReadonlySet<string>>;
}

/**
 * Notes what a device's console has said since it was last listened to: check `kernel` where it stumbled, `console
 * shows` where the scenario asks for texts, warnings as notes. Returns whether nothing speaks against the device.
 */
export async function listen(
  { scenario, agent }: Pick<RunContext, 'scenario' | 'agent'>,
  device: Pick<AnyState, 'hearConsole'>,
  checklist: Checklist,
  { when, mayFallBack = false, booted = false, mounted }: Listening,
): Promise<boolean> {
  const { findings, texts } = await device.hearConsole();
  const refused = findings.some(({ notMounted }) => notMounted !== undefined);
  const { result, notes } = judgeKernel(findings, {
    mayFallBack,
    repaired: refused ? await mounted?.() : undefined,
    elsewhere: isOfBrokenSource(when) ? agent.kernelOnSource : undefined,
  });
  const title = momentText(when);
  for (const note of notes) checklist.remark(title === '' ? note : `${title}: ${note}`);
  const required = booted ? (scenario.console?.require ?? []) : [];
  const shown =
    required.length === 0 ||
    checklist.check({ ...when, check: 'console shows' }, judgeTexts(required, texts));
  if (result.verdict === 'passed') return shown;
  const id = { ...when, check: 'kernel' };
  // A moment is listened to more than once, and has one verdict.
  if (!checklist.steps.some((step) => isSameStep(step.id, id))) checklist.check(id, result);
  return false;
}

function isOfBrokenSource(when: Moment): boolean {
  return when.moment === 'faulty' || (when.moment === 'case' && when.faulty === true);
}

/** Listens to a device a last time, whatever it came to; what it says is of the last thing that was decided about it. */
export async function listenAtEnd(
  context: Pick<RunContext, 'scenario' | 'agent'>,
  device: Pick<AnyState, 'hearConsole'>,
  checklist: Checklist,
): Promise<void> {
  const when = checklist.steps.at(-1)?.id ?? ({ moment: 'in-service' } as const);
  await listen(context, device, checklist, { when });
}
