import { CleanupStack } from '../core/cleanup.ts';
import type { PathRecord } from '../model/record.ts';
import type { FileState } from '../oracle/observation.ts';
import type { Ready } from '../target/target.ts';
import type { WriteLog } from '../writelog/log.ts';
import { idleMark, windowMark } from '../writelog/windows.ts';
import type { Bench } from './bench.ts';
import { Checklist, DeviceStopped } from './checklist.ts';
import { type Device, factoryDisks, openDevice } from './device.ts';
import { observe } from './observe.ts';
import { provision } from './provision.ts';
import {
  confirm,
  examine,
  expectedRelease,
  install,
  type Upgrade,
  untilReady,
  upgradeName,
} from './upgrade.ts';

/** One upgrade path taken without a cut, with every write. */
export interface PathRun {
  path: PathRecord;
  log: WriteLog;
  arenaPath: string;
  /** The owner's files before the first upgrade. */
  configuration: FileState[];
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
  const checklist = new Checklist(bench.folder, (step) => {
    path.steps.push(step);
    bench.emit({ type: 'step', run: bench.runId, path: path.releases, step });
  });
  const device = await openDevice(bench, label, await factoryDisks(bench, releases[0] ?? '', stack), stack);
  let configuration: FileState[] = [];
  try {
    const owned = await bringIntoService(bench, device, releases[0] ?? '', checklist);
    configuration = owned.configuration;
    let ready = owned.ready;
    for (const [step, upgrade] of upgradesOf(releases).entries())
      ready = await takeUpgrade(bench, device, ready, { step, upgrade, configuration, checklist });
    bench.spend('record.cpu', ready.cpuSeconds());
    await ready.shutdown();
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
  }
  return { path, log: device.log, arenaPath: device.arena.path, configuration };
}

/** First boot and the owner's settings. Returns the running device and the owner's files. */
export async function bringIntoService(
  bench: Bench,
  device: Device,
  release: string,
  checklist: Checklist,
): Promise<{ ready: Ready; configuration: FileState[] }> {
  const ready = await checklist.step(`boot ${release}`, async () =>
    untilReady(bench, await device.target.powerOn()),
  );
  await checklist.step('provision', async () => {
    await provision(ready, bench.scenario.provision, bench.signal);
    await confirm(bench, ready);
  });
  const seen = await observe(ready, device.subject, bench.signal);
  return { ready, configuration: [...seen.configuration] };
}

interface UpgradeContext {
  step: number;
  upgrade: Upgrade;
  configuration: readonly FileState[];
  checklist: Checklist;
}

/** One upgrade from installation to confirmation, with marks in the log for each phase. */
async function takeUpgrade(
  bench: Bench,
  device: Device,
  before: Ready,
  { step, upgrade, configuration, checklist }: UpgradeContext,
): Promise<Ready> {
  const name = upgradeName(upgrade);
  const begin = (phase: string) => device.log.mark(windowMark(step, phase));
  begin('install');
  await checklist.step(`${name} install`, () => install(bench, before, upgrade.to));
  begin('first-boot');
  const ready = await checklist.step(`${name} first boot`, async () =>
    untilReady(bench, await before.reboot()),
  );
  const allowed = [expectedRelease(bench, upgrade)];
  await examine(bench, ready, device.subject, { allowed, configuration }, checklist, `${name} `);
  begin('confirm');
  await checklist.step(`${name} confirm`, () => confirm(bench, ready));
  device.log.mark(idleMark);
  return ready;
}
