import { relative } from 'node:path';
import type { CutRecord } from '../model/record.ts';
import { worst } from '../model/record.ts';
import { failed } from '../oracle/check.ts';
import type { FileState } from '../oracle/observation.ts';
import type { RunningRelease } from '../oracle/release.ts';
import type { Ready } from '../target/target.ts';
import type { Bench } from './bench.ts';
import { Checklist, DeviceStopped, secondsSince } from './checklist.ts';
import type { Device } from './device.ts';
import { afterUpgrade, confirm, examine, install, type Upgrade, untilReady, upgradeName } from './upgrade.ts';

/** One power cut: which one, and what the device was doing. */
export interface Cut {
  kind: CutRecord['kind'];
  id: string;
  path: readonly string[];
  upgrade: Upgrade;
  during: string;
  description: string;
}

/** A device whose power failed, ready to be switched on again. */
export interface CutDevice {
  device: Device;
  /** The owner's files as the owner left them. */
  configuration: readonly FileState[];
}

/**
 * Switches a device on after a power cut and decides whether the promises hold: it boots, it runs one whole
 * release, the owner's files are as they were, and the upgrade can be done again.
 */
export async function decide(bench: Bench, cut: Cut, after: CutDevice): Promise<CutRecord> {
  const started = performance.now();
  const { target } = after.device;
  const checklist = new Checklist({ folder: bench.folder, consolePath: target.consolePath });
  try {
    const outcome = await check(bench, cut, after, checklist);
    return cutRecord(bench, cut, after.device, { outcome, checklist, started });
  } finally {
    bench.spend('cuts.cpu', target.cpuSeconds());
  }
}

/** The record of a cut from what was decided about the device that it left; `started` is a `performance.now()`. */
export function cutRecord(
  bench: Bench,
  cut: Cut,
  { target }: Device,
  { outcome, checklist, started }: { outcome: string; checklist: Checklist; started: number },
): CutRecord {
  const path = target.consolePath();
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
    ...(path === undefined ? {} : { console: relative(bench.folder, path) }),
  };
}

async function check(
  bench: Bench,
  { upgrade }: Cut,
  { device, configuration }: CutDevice,
  checklist: Checklist,
): Promise<string> {
  const { from, to } = upgrade;
  const allowed = bench.scenario.expect.release.map((which) => (which === 'old' ? from : to));
  try {
    const ready = await checklist.step('boots', async () => untilReady(bench, await device.target.powerOn()));
    const seen = await examine(bench, ready, device.subject, { allowed, configuration }, checklist);
    if (seen.sound && bench.scenario.expect.retry !== 'unchecked')
      await retry(bench, ready, device, { upgrade, configuration, checklist, seen });
    return outcomeName(upgrade, seen, checklist);
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
    return stoppedOutcome(error);
  }
}

/** What a cut came to when the device did not get through a step: `boots: kernel-panic`. */
export function stoppedOutcome({ step }: DeviceStopped): string {
  return `${step.name}: ${step.problem?.code ?? 'unknown'}`;
}

/** Does the upgrade again, as the device's owner would after a power cut, and checks where it ends. */
async function retry(
  bench: Bench,
  ready: Ready,
  device: Device,
  {
    upgrade,
    configuration,
    checklist,
    seen,
  }: {
    upgrade: Upgrade;
    configuration: readonly FileState[];
    checklist: Checklist;
    seen: RunningRelease;
  },
): Promise<void> {
  const again = await checklist.step('retry', async () => {
    await confirm(bench, ready);
    await install(bench, ready, upgrade.to);
    return untilReady(bench, await ready.reboot());
  });
  const expectation = afterUpgrade(bench, upgrade, configuration);
  const after = await examine(bench, again, device.subject, expectation, checklist, 'retry: ');
  const idle = seen.release === upgrade.to && after.slot === seen.slot && bench.manifest.slots.length > 1;
  if (idle && bench.scenario.expect.upgrade === 'succeeds')
    checklist.check(
      'retry: slot',
      failed('retry-idle', `the device still runs from slot ${seen.slot ?? 'none'}: nothing was installed`),
    );
}

function outcomeName(
  { from, to }: Upgrade,
  { release, slot }: { release: string | undefined; slot: string | undefined },
  checklist: Checklist,
): string {
  const age = release === from ? 'old' : release === to ? 'new' : 'another';
  const which = release === undefined ? 'part of a release' : `${age} (${release})`;
  const failures = checklist.steps
    .filter((step) => step.verdict !== 'passed')
    .map((step) => step.problem?.code ?? step.name);
  return [`${which} in ${slot ?? 'no slot'}`, ...failures].join(', ');
}
