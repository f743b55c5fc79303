import type { CutRecord } from '../model/record.ts';
import { worst } from '../model/record.ts';
import type { FileState } from '../oracle/observation.ts';
import type { Booting, Ready } from '../target/target.ts';
import type { Bench } from './bench.ts';
import { Checklist, DeviceStopped, secondsSince } from './checklist.ts';
import type { Device } from './device.ts';
import {
  confirm,
  examine,
  expectedRelease,
  install,
  type Upgrade,
  untilReady,
  upgradeName,
} from './upgrade.ts';

/** A device whose power failed, ready to be switched on again, and what it went through. */
export interface CutDevice {
  device: Device;
  kind: CutRecord['kind'];
  id: string;
  path: readonly string[];
  upgrade: Upgrade;
  during: string;
  description: string;
  /** The owner's files as the owner left them. */
  configuration: readonly FileState[];
}

/**
 * Switches a device on after a power cut and decides whether the promises hold: it boots, it runs one whole
 * release, the owner's files are as they were, and the upgrade can be done again.
 */
export async function decide(bench: Bench, cut: CutDevice, consolePath: string): Promise<CutRecord> {
  const started = performance.now();
  const checklist = new Checklist(bench.folder);
  const outcome = await check(bench, cut, checklist);
  return {
    id: cut.id,
    kind: cut.kind,
    path: [...cut.path],
    step: upgradeName(cut.upgrade),
    during: cut.during,
    description: cut.description,
    outcome,
    checks: checklist.steps,
    verdict: worst(checklist.steps.map((step) => step.verdict)),
    seconds: secondsSince(started),
    console: consolePath,
  };
}

async function check(bench: Bench, cut: CutDevice, checklist: Checklist): Promise<string> {
  const { from, to } = cut.upgrade;
  const allowed = bench.scenario.expect.release.map((which) => (which === 'old' ? from : to));
  let current: Booting | Ready | undefined;
  try {
    const ready = await checklist.step('boots', async () => {
      current = await cut.device.target.powerOn();
      return untilReady(bench, current);
    });
    current = ready;
    const seen = await examine(
      bench,
      ready,
      cut.device.subject,
      { allowed, configuration: cut.configuration },
      checklist,
    );
    const outcome = outcomeName(cut.upgrade, seen, checklist);
    if (!seen.sound || bench.scenario.expect.retry === 'unchecked') return outcome;
    current = await retry(bench, cut, ready, checklist);
    return outcomeName(cut.upgrade, seen, checklist);
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
    return `${error.step.name} failed: ${error.step.problem?.code ?? 'unknown'}`;
  } finally {
    if (current !== undefined) bench.spend('cuts.cpu', current.cpuSeconds());
  }
}

/** Does the upgrade again, as the device's owner would after a power cut, and checks where it ends. */
async function retry(bench: Bench, cut: CutDevice, ready: Ready, checklist: Checklist): Promise<Ready> {
  const again = await checklist.step('retry', async () => {
    await confirm(bench, ready);
    await install(bench, ready, cut.upgrade.to);
    return untilReady(bench, await ready.reboot());
  });
  const expectation = { allowed: [expectedRelease(bench, cut.upgrade)], configuration: cut.configuration };
  await examine(bench, again, cut.device.subject, expectation, checklist, 'retry: ');
  return again;
}

function outcomeName(
  { from }: Upgrade,
  { release, slot }: { release: string | undefined; slot: string | undefined },
  checklist: Checklist,
): string {
  const which =
    release === undefined ? 'part of a release' : release === from ? `old (${release})` : `new (${release})`;
  const failures = checklist.steps
    .filter((step) => step.verdict !== 'passed')
    .map((step) => step.problem?.code ?? step.name);
  return [`${which} in ${slot ?? 'no slot'}`, ...failures].join(', ');
}
