import { CleanupStack } from '../core/cleanup.ts';
import type { PathRecord, StepRecord } from '../model/record.ts';
import { moments, upgradeMoments } from '../model/steps.ts';
import type { OwnedFile } from '../oracle/observation.ts';
import type { Ready } from '../target/target.ts';
import type { WriteLog } from '../writelog/log.ts';
import { idleMark, windowMark } from '../writelog/windows.ts';
import type { Bench, Upgrade } from './bench.ts';
import { bringIntoService } from './bring-into-service.ts';
import { Checklist, DeviceStopped } from './checklist.ts';
import { type Device, factoryDisks, openDevice } from './device.ts';
import { tryFaults } from './faulty-upgrade.ts';
import { reinstall } from './installed-packages.ts';
import type { Owned } from './judge-files.ts';
import { noteFiles } from './note-files.ts';
import { runChecks } from './run-checks.ts';
import { SoftwareNotes } from './software-notes.ts';
import {
  afterUpgrade,
  confirm,
  examine,
  install,
  rollback,
  unlessBroken,
  untilReady,
  upgradeName,
} from './upgrade.ts';

/** One upgrade path taken without a cut, with every write. */
export interface PathRun {
  path: PathRecord;
  log: WriteLog;
  arenaPath: string;
  /** The owner's files before the first upgrade. */
  configuration: OwnedFile[];
}

/** The upgrades of a path, in order. */
export function upgradesOf(releases: readonly string[]): Upgrade[] {
  return releases.slice(1).map((to, i) => ({ from: releases[i] ?? to, to }));
}

/**
 * Takes a factory-new device through a path, without a cut, and records what it writes. `path.steps` grows as
 * it goes, so that an interrupted run still has its part.
 */
export async function recordPath(bench: Bench, path: PathRecord, label: string): Promise<PathRun> {
  await using stack = new CleanupStack();
  const { releases } = path;
  const device = await openDevice(bench, label, await factoryDisks(bench, releases[0] ?? '', stack), stack);
  const onStep = (step: StepRecord) => {
    path.steps.push(step);
    bench.emit({ type: 'step', run: bench.runId, path: path.releases, step });
  };
  const checklist = new Checklist({
    folder: bench.folder,
    consolePath: device.target.consolePath,
    onStep,
  });
  let configuration: OwnedFile[] = [];
  try {
    const owned = await bringIntoService(bench, device, releases[0] ?? '', checklist);
    configuration = owned.configuration;
    if (owned.examined !== undefined) noteFiles(bench, path, moments.installedRebooted, owned.examined);
    const software = new SoftwareNotes(bench, path, label, owned.installed);
    const files = { release: releases[0] ?? '', files: configuration };
    const known = { path, owned: files, checklist, software };
    let ready = owned.ready;
    const upgrades = upgradesOf(releases);
    for (const [step, upgrade] of upgrades.entries()) {
      const trials = { label: `${label}-${step + 1}`, upgrade, owned: files, onStep };
      ready = await tryFaults(bench, device, ready, checklist, trials);
      ready = await takeUpgrade(bench, device, ready, { ...known, step, upgrade });
    }
    const last = upgrades.at(-1);
    if (bench.scenario.expect.rollback === 'succeeds' && last !== undefined)
      ready = await takeBack(bench, device, ready, {
        ...known,
        step: upgrades.length - 1,
        upgrade: last,
      });
    if (bench.scenario.reinstall !== undefined)
      ready = await reinstall(bench, device, ready, { ...known, release: releases.at(-1) ?? '' });
    await ready.cutPower();
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
  } finally {
    bench.spend('record.cpu', device.target.cpuSeconds());
  }
  return { path, log: device.log, arenaPath: device.arena.path, configuration };
}

interface UpgradeContext {
  path: PathRecord;
  step: number;
  upgrade: Upgrade;
  owned: Owned;
  checklist: Checklist;
  software: SoftwareNotes;
}

/** One upgrade from installation to confirmation, with marks in the log for each phase. */
async function takeUpgrade(
  bench: Bench,
  device: Device,
  before: Ready,
  { path, step, upgrade, owned, checklist, software }: UpgradeContext,
): Promise<Ready> {
  const name = upgradeName(upgrade);
  const begin = (phase: string) => device.log.mark(windowMark(step, phase));
  begin('install');
  await checklist.step(`${name} install`, () =>
    unlessBroken(bench, upgrade, () => install(bench, before, upgrade)),
  );
  begin('first-boot');
  await runChecks(bench, before, checklist, {
    allowed: [upgrade.to],
    prefix: upgradeMoments.running(name),
    booted: false,
  });
  const ready = await checklist.step(`${name} first boot`, async () =>
    untilReady(bench, await before.reboot()),
  );
  const expectation = afterUpgrade(bench, upgrade, owned);
  const seen = await examine(
    bench,
    ready,
    device.subject,
    expectation,
    checklist,
    upgradeMoments.rebooted(name),
  );
  noteFiles(bench, path, upgradeMoments.rebooted(name), seen);
  await software.note(upgrade, seen.installed);
  begin('confirm');
  await checklist.step(`${name} confirm`, () => confirm(bench, ready));
  device.log.mark(idleMark);
  return ready;
}

/** Asks the agent to go back to the release before the last upgrade, and checks that it runs; marked in the log. */
async function takeBack(
  bench: Bench,
  device: Device,
  before: Ready,
  { path, step, upgrade, owned, checklist }: UpgradeContext,
): Promise<Ready> {
  device.log.mark(windowMark(step, 'rollback'));
  const ready = await checklist.step('rollback', async () => {
    await rollback(bench, before);
    return untilReady(bench, await before.reboot());
  });
  const expectation = { allowed: [upgrade.from], owned, compare: 'every' as const };
  const seen = await examine(bench, ready, device.subject, expectation, checklist, 'rollback: ');
  noteFiles(bench, path, 'rollback: ', seen);
  device.log.mark(idleMark);
  return ready;
}
