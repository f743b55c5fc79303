import { CleanupStack } from '../core/cleanup.ts';
import { ScenarioError } from '../core/errors.ts';
import type { PathRecord } from '../model/record.ts';
import type { FileState } from '../oracle/observation.ts';
import { checkRelease } from '../oracle/release.ts';
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
  rollback,
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
  const device = await openDevice(bench, label, await factoryDisks(bench, releases[0] ?? '', stack), stack);
  const checklist = new Checklist({
    folder: bench.folder,
    consolePath: device.target.consolePath,
    onStep: (step) => {
      path.steps.push(step);
      bench.emit({ type: 'step', run: bench.runId, path: path.releases, step });
    },
  });
  let configuration: FileState[] = [];
  try {
    const owned = await bringIntoService(bench, device, releases[0] ?? '', checklist);
    configuration = owned.configuration;
    let ready = owned.ready;
    const upgrades = upgradesOf(releases);
    for (const [step, upgrade] of upgrades.entries())
      ready = await takeUpgrade(bench, device, ready, { step, upgrade, configuration, checklist });
    const last = upgrades.at(-1);
    if (bench.scenario.expect.rollback === 'succeeds' && last !== undefined)
      ready = await takeBack(bench, device, ready, { upgrade: last, configuration, checklist });
    await ready.cutPower();
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
  } finally {
    bench.spend('record.cpu', device.target.cpuSeconds());
  }
  return { path, log: device.log, arenaPath: device.arena.path, configuration };
}

/**
 * First boot and the owner's settings. Returns the running device and the owner's files. Throws ScenarioError
 * `image-mismatch` where the device does not run, byte for byte, the release that it left the factory with.
 */
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
    await provision(ready, bench.scenario, bench.signal);
    await confirm(bench, ready);
  });
  const seen = await checklist.guard('look', () => observe(ready, device.subject, bench.signal));
  const { verdict, message } = checkRelease(seen, bench.manifest.releases, [release]);
  if (verdict !== 'passed')
    throw new ScenarioError(
      'image-mismatch',
      `image ${bench.manifest.name}: a device fresh from the factory with ${release} does not run that release as the image describes it: ${message}`,
      {
        hint: 'check the factory disks, slots and slotContent; a slot that the device itself writes to cannot be compared',
      },
    );
  return { ready, configuration: [...seen.configuration] };
}

interface UpgradeContext {
  upgrade: Upgrade;
  configuration: readonly FileState[];
  checklist: Checklist;
}

/** One upgrade from installation to confirmation, with marks in the log for each phase. */
async function takeUpgrade(
  bench: Bench,
  device: Device,
  before: Ready,
  { step, upgrade, configuration, checklist }: UpgradeContext & { step: number },
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

/** Asks the agent to go back to the release before the last upgrade, and checks that it runs. */
async function takeBack(
  bench: Bench,
  device: Device,
  before: Ready,
  { upgrade, configuration, checklist }: UpgradeContext,
): Promise<Ready> {
  const ready = await checklist.step('rollback', async () => {
    await rollback(bench, before);
    return untilReady(bench, await before.reboot());
  });
  await examine(
    bench,
    ready,
    device.subject,
    { allowed: [upgrade.from], configuration },
    checklist,
    'rollback: ',
  );
  return ready;
}
