import { relative } from 'node:path';
import { Checklist, DeviceStopped, secondsSince } from '../device/checklist.ts';
import type { Device } from '../device/device.ts';
import { untilReady } from '../device/device.ts';
import { confirm, recover, unlessBroken } from '../device/drive-agent.ts';
import { afterUpgrade, type Examined, examine } from '../device/examine.ts';
import type { Owned } from '../device/judge-files.ts';
import { installToReset } from '../device/own-reset.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Stage, StageEnd } from '../explore/boot.ts';
import type { BootDoing } from '../model/event.ts';
import type { CutRecord } from '../model/record.ts';
import { worst } from '../model/record.ts';
import { cutPhases } from '../model/scenario.ts';
import type { Moment } from '../model/steps.ts';
import { type Upgrade, upgradeName } from '../model/upgrade.ts';
import { failed } from '../oracle/check.ts';
import type { OwnedFile } from '../oracle/observation.ts';
import type { OddPath } from '../oracle/packaged-paths.ts';
import type { SnapshotStore } from '../target/snapshot-store.ts';
import type { Ready } from '../target/target.ts';

const afterCut: Moment = { moment: 'after-cut' };
const retried: Moment = { moment: 'retried' };

/** What a confirmed device does with which nobody is busy: it has a release, and no reason to leave it. */
const confirmedPhases = ['idle', 'reset-storm'];

/** One power cut: which one, and what the device was doing. */
export interface Cut {
  kind: CutRecord['kind'];
  id: string;
  path: readonly string[];
  upgrade: Upgrade;
  during: string;
  description: string;
  /** What `brownout replay` takes; absent where the cut is of no recording. */
  token?: string;
}

/** A device whose power failed, ready to be switched on again. */
export interface CutDevice {
  device: Device;
  /** The owner's files as the owner left them. */
  configuration: readonly OwnedFile[];
  /** What was not as packaged then. */
  odd: readonly OddPath[] | undefined;
}

/** How a device is decided, and what is noted of it at the end of each stage. */
export interface DecideOptions<T extends object> {
  /** Whether the second stage follows, where the first passed. */
  retry: boolean;
  /** Where boots are to begin, or leave their snapshots. */
  snapshots?: SnapshotStore | undefined;
  /** Called at the end of each stage before anything else happens to the device, which goes on reading and writing. */
  capture: () => T;
}

/** What was decided of a device: the record of its cut, and how each stage ended with what was noted then. */
export interface Decided<T extends object> {
  record: CutRecord;
  stages: (StageEnd & T)[];
}

/**
 * Switches a device on after a power cut and decides whether the promises hold: it boots, it runs one whole
 * release, the owner's files are as they were, and the upgrade can be done again.
 */
export async function decide<T extends object>(
  context: RunContext,
  cut: Cut,
  after: CutDevice,
  options: DecideOptions<T>,
): Promise<Decided<T>> {
  const started = performance.now();
  const { target } = after.device;
  const checklist = new Checklist({ folder: context.folder, device: target });
  tell(context, cut, 'starts', `${cut.during} ${upgradeName(cut.upgrade)}, ${cut.description}`);
  try {
    const stages = await decideStages(context, cut, after, { checklist, options });
    const outcome = stages.at(-1)?.outcome ?? '';
    return { record: cutRecord(context, cut, after.device, { outcome, checklist, started }), stages };
  } finally {
    context.spend('cuts.cpu', target.cpuSeconds());
    tell(context, cut, 'ended');
  }
}

/** Says what the device is at; `of` is which cut it comes back from. */
function tell({ emit, runId }: RunContext, { id }: Cut, doing: BootDoing, of?: string): void {
  emit({ type: 'boot', run: runId, id, doing, ...(of === undefined ? {} : { of }) });
}

/** The record of a cut from what was decided about the device that it left; `started` is a `performance.now()`. */
export function cutRecord(
  context: RunContext,
  cut: Cut,
  { target }: Device,
  { outcome, checklist, started }: { outcome: string; checklist: Checklist; started: number },
): CutRecord {
  const path = target.consolePath();
  return {
    id: cut.id,
    kind: cut.kind,
    path: [...cut.path],
    upgrade: upgradeName(cut.upgrade),
    during: cut.during,
    description: cut.description,
    outcome,
    checks: checklist.steps,
    verdict: worst(checklist.steps.map((step) => step.verdict)),
    ...(checklist.notes.length === 0 ? {} : { notes: checklist.notes }),
    seconds: secondsSince(started),
    ...(path === undefined ? {} : { console: relative(context.folder, path) }),
    ...(cut.token === undefined ? {} : { token: cut.token }),
  };
}

/** The stages that the device came to, one at least. */
async function decideStages<T extends object>(
  context: RunContext,
  cut: Cut,
  after: CutDevice,
  { checklist, options }: { checklist: Checklist; options: DecideOptions<T> },
): Promise<(StageEnd & T)[]> {
  const stages: (StageEnd & T)[] = [];
  const end = (stage: Stage, outcome: string) => {
    const verdict = worst(checklist.steps.map((step) => step.verdict));
    stages.push({ stage, verdict, outcome, ...options.capture() });
    return stages;
  };
  let stage: Stage = 'whole';
  try {
    const { ready, seen } = await comeBack(context, cut, after, { checklist, snapshots: options.snapshots });
    end('whole', outcomeName(cut.upgrade, seen, checklist));
    if (!seen.sound || !options.retry) return stages;
    stage = 'retry';
    tell(context, cut, 'upgrades again');
    await retry(context, ready, after.device, { cut, owned: ownedOf(cut, after), checklist, seen });
    return end('retry', outcomeName(cut.upgrade, seen, checklist));
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
    return end(stage, stoppedOutcome(error));
  }
}

/** Switches the device on and looks at it. */
async function comeBack(
  context: RunContext,
  cut: Cut,
  after: CutDevice,
  { checklist, snapshots }: { checklist: Checklist; snapshots: SnapshotStore | undefined },
): Promise<{ ready: Ready; seen: Examined }> {
  const { device } = after;
  const { packages } = context.agent;
  // A package manager does not promise to be atomic: after its recovery the device must be on the new release.
  const allowed = packages === undefined ? allowedAfter(context, cut) : [cut.upgrade.to];
  const ready = await checklist.step({ ...afterCut, check: 'boots' }, async () =>
    untilReady(context, await device.target.powerOn(snapshots)),
  );
  tell(context, cut, 'is looked at');
  const odd =
    packages === undefined
      ? undefined
      : await checklist.step({ ...afterCut, check: 'recovers' }, () =>
          unlessBroken(context, cut.upgrade, () => recover(context, ready, cut.upgrade, packages)),
        );
  const expectation = {
    ...{ allowed, owned: ownedOf(cut, after), compare: 'telling' as const },
    ...{ mayFallBack: true, powerFailed: true },
  };
  const seen = await examine(context, ready, device.subject, expectation, checklist, afterCut);
  return { ready, seen: { ...seen, said: [...(odd === undefined ? [] : [odd]), ...seen.said] } };
}

/** The releases that a device may be on after a cut, where nobody recovers it. */
function allowedAfter({ scenario }: RunContext, { during, upgrade: { from, to } }: Cut): string[] {
  const { release = ['old', 'new'], releaseAfter = {}, upgrade } = scenario.expect;
  const phase = cutPhases.find((one) => one === during);
  const own = phase === undefined ? undefined : releaseAfter[phase];
  const stays = [upgrade === 'succeeds' ? 'new' : 'old'] as const;
  const ages = own ?? (confirmedPhases.includes(during) ? stays : release);
  return ages.map((age) => (age === 'old' ? from : to));
}

/** The owner came when the path began. */
function ownedOf({ path, upgrade }: Cut, { configuration, odd }: CutDevice): Owned {
  return { release: path[0] ?? upgrade.from, files: configuration, odd };
}

/** What a cut came to when the device did not get through a step: `boots: kernel-panic`. */
export function stoppedOutcome({ step }: DeviceStopped): string {
  return `${step.name}: ${step.problem?.code ?? 'unknown'}`;
}

/** Does the upgrade again, as the device's owner would after a power cut, and checks where it ends. */
async function retry(
  context: RunContext,
  ready: Ready,
  device: Device,
  {
    cut: { upgrade },
    owned,
    checklist,
    seen,
  }: { cut: Cut; owned: Owned; checklist: Checklist; seen: Examined },
): Promise<void> {
  const again = await checklist.step({ moment: 'retry', check: 'retry' }, async () => {
    await confirm(context, ready);
    const started = await installToReset(context, ready, upgrade);
    return untilReady(context, started ?? (await ready.reboot()));
  });
  const expectation = afterUpgrade(context, upgrade, owned);
  const after = await examine(context, again, device.subject, expectation, checklist, retried);
  const { upgrade: expected, release } = context.scenario.expect;
  const idle = seen.release === upgrade.to && after.slot === seen.slot && context.manifest.slots.length > 1;
  if (idle && expected === 'succeeds' && release !== undefined)
    checklist.check(
      { ...retried, check: 'slot' },
      failed('retry-idle', `the device still runs from slot ${seen.slot ?? 'none'}: nothing was installed`),
    );
}

/** `new (2.0) in B`, what the scenario's checks printed, and the codes of what failed. */
function outcomeName({ from, to }: Upgrade, seen: Examined, checklist: Checklist): string {
  const { release, slot, said } = seen;
  const age = release === from ? 'old' : release === to ? 'new' : 'another';
  const which = release === undefined ? 'part of a release' : `${age} (${release})`;
  const runs = seen.releaseChecked ? [slot === undefined ? which : `${which} in ${slot}`] : [];
  const failures = checklist.steps
    .filter((step) => step.verdict !== 'passed')
    .map((step) => step.problem?.code ?? step.name);
  const parts = [...runs, ...said, ...failures];
  return parts.length === 0 ? 'came up' : parts.join(', ');
}
