import { CleanupStack } from '../core/cleanup.ts';
import { bringIntoService } from '../device/bring-into-service.ts';
import { Checklist, DeviceStopped } from '../device/checklist.ts';
import { type Device, factoryDisks, openDevice, untilReady } from '../device/device.ts';
import { assertConfirmed, confirm, rollback, unlessBroken } from '../device/drive-agent.ts';
import { afterUpgrade, examine, noteFiles } from '../device/examine.ts';
import { assertServerKnows } from '../device/hawkbit-order.ts';
import { reinstall } from '../device/installed-packages.ts';
import type { Owned } from '../device/judge-files.ts';
import { listen, listenAtEnd } from '../device/listen.ts';
import { installToReset } from '../device/own-reset.ts';
import { runChecks } from '../device/run-checks.ts';
import type { RunContext } from '../device/run-context.ts';
import type { PathRecord, StepRecord } from '../model/record.ts';
import { type Upgrade, upgradeName, upgradesOf } from '../model/upgrade.ts';
import type { OwnedFile } from '../oracle/observation.ts';
import type { OddPath } from '../oracle/packaged-paths.ts';
import type { Ready } from '../target/target.ts';
import type { WriteLog } from '../writelog/log.ts';
import { idleMark, windowMark } from '../writelog/windows.ts';
import { startConfirmed } from './confirmed-starts.ts';
import { Disturber } from './disturb.ts';
import { tryFaults } from './faulty-upgrade.ts';
import { SoftwareNotes } from './software-notes.ts';

/** One upgrade path taken without a cut, with every write. */
export interface PathRun {
  path: PathRecord;
  /** Names the recording in a run: `p1`, `p1r2`. */
  label: string;
  log: WriteLog;
  arenaPath: string;
  /** The owner's files before the first upgrade. */
  configuration: OwnedFile[];
  /** What was not as packaged then; undefined where nobody knows. */
  odd: readonly OddPath[] | undefined;
}

/**
 * Takes a factory-new device through a path, without a cut, and records what it writes. `path.steps` grows as
 * it goes, so that an interrupted run still has its part.
 */
export async function recordPath(context: RunContext, path: PathRecord, label: string): Promise<PathRun> {
  await using stack = new CleanupStack();
  const { releases } = path;
  const device = await openDevice(
    context,
    label,
    await factoryDisks(context, releases[0] ?? '', stack),
    stack,
  );
  const onStep = (step: StepRecord) => {
    path.steps.push(step);
    context.emit({ type: 'step', run: context.runId, path: path.releases, step });
  };
  const onNote = (note: string) => {
    path.notes = [...(path.notes ?? []), note];
  };
  const checklist = new Checklist({
    folder: context.folder,
    device: device.target,
    onStep,
    onNote,
  });
  let configuration: OwnedFile[] = [];
  let odd: readonly OddPath[] | undefined;
  try {
    const owned = await bringIntoService(context, device, releases[0] ?? '', checklist);
    ({ configuration, odd } = owned);
    if (owned.examined !== undefined)
      noteFiles(context, path, { moment: 'installed-rebooted' }, owned.examined);
    const software = new SoftwareNotes(context, path, label, owned.installed);
    const files = { release: releases[0] ?? '', files: configuration, odd };
    const disturber = new Disturber(context, path);
    const known = { path, owned: files, checklist, software, disturber };
    let ready = owned.ready;
    const upgrades = upgradesOf(releases);
    for (const [position, upgrade] of upgrades.entries()) {
      const trials = { label: `${label}-${position + 1}`, upgrade, owned: files, onStep, onNote };
      ready = await tryFaults(context, device, ready, checklist, trials);
      ready = await takeUpgrade(context, device, ready, { ...known, position, upgrade });
    }
    const last = upgrades.at(-1);
    if (last !== undefined && path.steps.every(({ verdict }) => verdict === 'passed')) {
      const [release = ''] = afterUpgrade(context, last, files).allowed;
      ready = await startConfirmed(context, device, ready, {
        release,
        owned: files,
        checklist,
        when: { moment: 'confirmed' },
        idle: context.scenario.powerCuts.during.includes('idle') ? upgrades.length - 1 : undefined,
      });
    }
    if (context.scenario.expect.rollback === 'succeeds' && last !== undefined)
      ready = await takeBack(context, device, ready, {
        ...known,
        position: upgrades.length - 1,
        upgrade: last,
      });
    if (context.scenario.reinstall !== undefined)
      ready = await reinstall(context, device, ready, { ...known, release: releases.at(-1) ?? '' });
    await ready.cutPower();
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
  } finally {
    context.spend('record.cpu', device.target.cpuSeconds());
  }
  await listenAtEnd(context, device.target, checklist);
  return { path, label, log: device.log, arenaPath: device.arena.path, configuration, odd };
}

interface UpgradeContext {
  path: PathRecord;
  position: number;
  upgrade: Upgrade;
  owned: Owned;
  checklist: Checklist;
  software: SoftwareNotes;
  disturber: Disturber;
}

/** One upgrade from installation to confirmation, with marks in the log for each phase. */
async function takeUpgrade(
  context: RunContext,
  device: Device,
  before: Ready,
  { path, position, upgrade, owned, checklist, software, disturber }: UpgradeContext,
): Promise<Ready> {
  const when = { moment: 'upgrade', upgrade: upgradeName(upgrade) } as const;
  const begin = (phase: string) => device.log.mark(windowMark(position, phase));
  const started = await disturber.beside(before, async () => {
    begin('install');
    const resetItself = await checklist.step({ ...when, check: 'install' }, () =>
      unlessBroken(context, upgrade, () =>
        installToReset(context, before, upgrade, () => begin('first-boot')),
      ),
    );
    if (resetItself !== undefined) return resetItself;
    begin('first-boot');
    await listen(context, before, checklist, { when: { ...when, moment: 'before-reboot' } });
    await runChecks(context, before, checklist, {
      allowed: [upgrade.to],
      when: { ...when, moment: 'before-reboot' },
      booted: false,
    });
    return undefined;
  });
  const ready = await checklist.step({ ...when, check: 'first boot' }, async () =>
    untilReady(context, started ?? (await before.reboot())),
  );
  const runs = await disturber.beside(ready, async () => {
    const expectation = afterUpgrade(context, upgrade, owned);
    const seen = await examine(context, ready, device.subject, expectation, checklist, when);
    noteFiles(context, path, when, seen);
    await software.note(upgrade, seen.installed);
    begin('confirm');
    await checklist.step({ ...when, check: 'confirm' }, () => confirm(context, ready));
    device.log.mark(idleMark);
    return seen.release;
  });
  await disturber.clear(ready);
  await checklist.guard({ ...when, check: 'confirmed' }, () => assertConfirmed(context, ready));
  if (context.agent.accountOf !== undefined)
    await checklist.step({ ...when, check: 'server' }, () =>
      assertServerKnows(context, ready, { ordered: upgrade.to, runs: runs ?? 'no release that is known' }),
    );
  await listen(context, ready, checklist, { when });
  return ready;
}

/** Asks the agent to go back to the release before the last upgrade, and checks that it runs; marked in the log. */
async function takeBack(
  context: RunContext,
  device: Device,
  before: Ready,
  { path, position, upgrade, owned, checklist, disturber }: UpgradeContext,
): Promise<Ready> {
  const ready = await checklist.step({ moment: 'rollback', check: 'rollback' }, async () => {
    await disturber.beside(before, async () => {
      device.log.mark(windowMark(position, 'rollback'));
      await rollback(context, before);
    });
    return untilReady(context, await before.reboot());
  });
  const when = { moment: 'rolled-back' } as const;
  const expectation = { allowed: [upgrade.from], owned, compare: 'every' as const };
  const seen = await examine(context, ready, device.subject, expectation, checklist, when);
  noteFiles(context, path, when, seen);
  device.log.mark(idleMark);
  await disturber.clear(ready);
  if (!seen.sound) return ready;
  await checklist.step({ ...when, check: 'confirm' }, () => confirm(context, ready));
  return startConfirmed(context, device, ready, { release: upgrade.from, owned, checklist, when });
}
