import { CleanupStack } from '../core/cleanup.ts';
import { DeviceFailure, ScenarioError } from '../core/errors.ts';
import type { PathRecord, StepRecord } from '../model/record.ts';
import type { InstalledPackage } from '../model/software.ts';
import type { FileState, OwnedFile } from '../oracle/observation.ts';
import type { Ready } from '../target/target.ts';
import type { WriteLog } from '../writelog/log.ts';
import { idleMark, windowMark } from '../writelog/windows.ts';
import type { Bench, Upgrade } from './bench.ts';
import { Checklist, DeviceStopped } from './checklist.ts';
import { type Device, factoryDisks, openDevice } from './device.ts';
import { tryFaults } from './faulty-upgrade.ts';
import type { Owned } from './judge-files.ts';
import { lookAtRelease } from './look-at-release.ts';
import { observe } from './observe.ts';
import { provision } from './provision.ts';
import { SoftwareNotes } from './software-notes.ts';
import {
  afterUpgrade,
  confirm,
  type Examined,
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
    await ready.cutPower();
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
  } finally {
    bench.spend('record.cpu', device.target.cpuSeconds());
  }
  return { path, log: device.log, arenaPath: device.arena.path, configuration };
}

/**
 * First boot and the owner's settings. Returns the running device and the owner's files. What a device fresh from the
 * factory does not do as described is the description's fault: ScenarioError `image-mismatch`, `provision-failed`.
 */
export async function bringIntoService(
  bench: Bench,
  device: Device,
  release: string,
  checklist: Checklist,
): Promise<{ ready: Ready; configuration: OwnedFile[]; installed: readonly InstalledPackage[] | undefined }> {
  const ready = await checklist.step(`boot ${release}`, () =>
    asDescribed(bench, release, async () =>
      untilReady(bench, await device.target.powerOn(), bench.scenario.expect.firstBootWithinMs),
    ),
  );
  const look = (slots: 'running' | 'none') =>
    checklist.guard('look', () =>
      asDescribed(bench, release, () => observe(ready, device.subject, slots, bench.signal)),
    );
  const found = new Map((await look('none')).configuration.map(({ path, content }) => [path, content]));
  await checklist.step('provision', async () => {
    await provision(ready, bench.scenario, bench.signal);
    await confirm(bench, ready);
  });
  const isKnown = bench.manifest.releases[release]?.content.kind !== 'unknown';
  const seen = await look(isKnown ? 'running' : 'none');
  let installed: readonly InstalledPackage[] | undefined;
  if (isKnown) {
    const found = await checklist.guard('look', () =>
      asDescribed(bench, release, () =>
        lookAtRelease(bench, ready, seen, { allowed: [release], compare: 'every' }),
      ),
    );
    if (found.result.verdict !== 'passed') throw mismatch(bench, release, found.result.message);
    installed = found.installed;
  }
  assertOwned(bench, seen.configuration);
  return {
    ready,
    installed,
    configuration: seen.configuration.map((file) => ({ ...file, found: found.get(file.path) })),
  };
}

/** Failures of a factory-new device that say that the image's or the scenario's description is wrong. */
const descriptionFaults: readonly string[] = [
  'ssh-host-key',
  'ssh-login-refused',
  'observe-failed',
  'package-database',
];

async function asDescribed<T>(bench: Bench, release: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeviceFailure && descriptionFaults.includes(error.code))
      throw mismatch(bench, release, error.message, error);
    throw error;
  }
}

function mismatch(bench: Bench, release: string, why: string, cause?: DeviceFailure): ScenarioError {
  return new ScenarioError(
    'image-mismatch',
    `${bench.scenario.source.path}: a device fresh from the factory with ${release} of ${bench.manifest.name} is not as described: ${why}`,
    {
      cause,
      hint: 'check the image (factory disks, slots, slotContent, ssh; a slot that the device writes to cannot be compared) and the configuration paths',
      ...(cause?.logPath === undefined ? {} : { logPath: cause.logPath }),
    },
  );
}

/** A file that is listed, was never there and was not deleted by the owner would be preserved by any device. */
function assertOwned({ scenario }: Bench, files: readonly FileState[]): void {
  const deleted = scenario.provision.flatMap((step) => ('delete' in step ? [step.delete.path] : []));
  const absent = files.filter(({ path, content }) => content === undefined && !deleted.includes(path));
  if (absent.length > 0)
    throw new ScenarioError(
      'configuration-absent',
      `${scenario.source.path}: after provisioning the device has no ${absent.map(({ path }) => path).join(', ')}, so nothing would show whether it is kept`,
      { hint: 'correct the path, or let a provision step write the file' },
    );
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
  const ready = await checklist.step(`${name} first boot`, async () =>
    untilReady(bench, await before.reboot()),
  );
  const expectation = afterUpgrade(bench, upgrade, owned);
  const seen = await examine(bench, ready, device.subject, expectation, checklist, `${name} `);
  noteFiles(bench, path, `${name} configuration`, seen);
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
  noteFiles(bench, path, 'rollback: configuration', seen);
  device.log.mark(idleMark);
  return ready;
}

/** Notes what became of the owner's files; `step` is the name of the check. */
function noteFiles(bench: Bench, path: PathRecord, step: string, { files }: Examined): void {
  if (files.length === 0) return;
  const table = { step, files };
  path.configuration = [...(path.configuration ?? []), table];
  bench.emit({ type: 'configuration', run: bench.runId, path: path.releases, table });
}
