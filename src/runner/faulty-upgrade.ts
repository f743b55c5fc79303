import type { Shell } from '../agents/agent.ts';
import { DeviceFailure, messageOf, ScenarioError } from '../core/errors.ts';
import type { FaultyAttempt } from '../model/scenario.ts';
import type { Ready } from '../target/target.ts';
import type { Bench, Upgrade } from './bench.ts';
import { type Trouble, troubleOf } from './bundle-trouble.ts';
import type { Checklist } from './checklist.ts';
import type { Owned } from './judge-files.ts';
import type { Subject } from './observe.ts';
import {
  confirm,
  type Examined,
  examine,
  type InstallBench,
  install,
  untilReady,
  upgradeName,
} from './upgrade.ts';

/**
 * Tries an upgrade while something is wrong with its source, and reboots. The update agent must refuse or do nothing;
 * the device must come up on the release that it had, whole, with the owner's files, and pass the scenario's checks.
 * `bench.feed` must be this device's alone. Throws DeviceStopped where the device is no longer on the old release, and
 * ScenarioError `fault-not-met` where it never came upon the fault.
 */
export async function tryFaulty(
  bench: Bench,
  subject: Subject,
  before: Ready,
  {
    attempt,
    upgrade,
    owned,
    checklist,
  }: {
    attempt: FaultyAttempt;
    upgrade: Upgrade;
    owned: Owned;
    checklist: Checklist;
  },
): Promise<Ready> {
  const prefix = `${upgradeName(upgrade)} ${attempt.name}: `;
  const trouble = troubleOf(bench.scenario, bench.manifest, attempt, upgrade.to);
  const refusal = await checklist.step(`${prefix}install`, () => refusalOf(bench, before, upgrade, trouble));
  bench.notice(`${prefix}${refusal ?? 'the update agent ended with success'}`);
  const ready = await checklist.step(`${prefix}boots`, async () => untilReady(bench, await before.reboot()));
  const expectation = { allowed: [upgrade.from], owned, compare: 'every' as const };
  const seen = await examine(bench, ready, subject, expectation, checklist, prefix);
  await checklist.step(`${prefix}refused`, () => assertOld(seen, upgrade, trouble, refusal));
  await checklist.step(`${prefix}confirm`, () => confirm(bench, ready));
  return ready;
}

/**
 * Has a release installed while its bundle has a fault. Returns what the agent said when it refused; undefined where it
 * ended as if all were well. Throws ScenarioError `fault-not-met`, and DeviceFailure for any other end.
 */
export async function refusalOf(
  bench: InstallBench,
  device: Shell,
  upgrade: Upgrade,
  { fault, text }: Trouble,
): Promise<string | undefined> {
  using faults = await bench.feed.misbehave([fault]);
  const refusal = await install(bench, device, upgrade).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof DeviceFailure && error.code === 'install-failed') return messageOf(error);
      throw error;
    },
  );
  if (faults.met > 0) return refusal;
  throw new ScenarioError(
    'fault-not-met',
    `${bench.scenario.source.path}: feedFaults: ${text}, but the device never asked for what is wrong; ` +
      (refusal ?? 'its update agent ended with success'),
    { hint: 'choose another byte; an agent need not read all of a bundle' },
  );
}

/** Throws DeviceFailure `fault-taken` where it is known that the device is not wholly on the old release. */
export function assertOld(
  { releaseChecked, release }: Pick<Examined, 'releaseChecked' | 'release'>,
  { from, to }: Upgrade,
  { text }: Trouble,
  refusal: string | undefined,
): void {
  if (!releaseChecked || release === from) return;
  const agent = refusal === undefined ? 'ended with success' : `refused (${refusal})`;
  const what =
    release === to
      ? `the upgrade to ${to} took place although its source was faulty`
      : `the device is no longer wholly on ${from} after an upgrade whose source was faulty`;
  throw new DeviceFailure('fault-taken', `${what}: ${text}; the update agent ${agent}`);
}
