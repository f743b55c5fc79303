import { CleanupStack } from '../core/cleanup.ts';
import { DeviceFailure, ScenarioError } from '../core/errors.ts';
import { Checklist, DeviceStopped } from '../device/checklist.ts';
import { type Device, openDevice, untilReady } from '../device/device.ts';
import { confirm, type InstallContext, recover, refusalBy, unlessBroken } from '../device/drive-agent.ts';
import { afterUpgrade, type Examined, examine } from '../device/examine.ts';
import { assertServerKnows } from '../device/hawkbit-order.ts';
import { judgeFiles, type Owned } from '../device/judge-files.ts';
import { listenAtEnd } from '../device/listen.ts';
import { lookAtRelease } from '../device/look-at-release.ts';
import { observe } from '../device/observe.ts';
import { installToReset } from '../device/own-reset.ts';
import { serveReleases } from '../device/release-server.ts';
import type { RunContext } from '../device/run-context.ts';
import type { StepRecord } from '../model/record.ts';
import { type FaultyAttempt, installedBy } from '../model/scenario.ts';
import { type Moment, momentText } from '../model/steps.ts';
import { type Upgrade, upgradeName } from '../model/upgrade.ts';
import type { Booting, Ready } from '../target/target.ts';
import { troubleOf } from './source-trouble.ts';
import type { Trouble } from './trouble.ts';

/** What is tried, with whose files, and who is told how it went. */
interface Trials {
  /** Begins the names of console logs and scratch files. */
  label: string;
  upgrade: Upgrade;
  owned: Owned;
  onStep: (step: StepRecord) => void;
  onNote: (note: string) => void;
}

/**
 * Switches the device off, tries the upgrade on a copy of it for each of the scenario's server faults, and switches it on
 * again: nothing of the tries is left on it, and no try begins with what another has left. A try that fails is noted,
 * and the next one made. Throws ScenarioError `fault-not-met`; DeviceStopped where the device itself fails.
 */
export async function tryFaults(
  shared: RunContext,
  device: Device,
  before: Ready,
  checklist: Checklist,
  trials: Trials,
): Promise<Ready> {
  const { serverFaults } = shared.scenario;
  if (serverFaults.length === 0) return before;
  await using stack = new CleanupStack();
  // Other paths are under way at the same time, and faults are for one device.
  const context = { ...shared, feed: await serveReleases(shared, stack) };
  const when = { moment: 'upgrade', upgrade: upgradeName(trials.upgrade) } as const;
  const off = await checklist.guard({ ...when, check: 'shutdown' }, () =>
    before.shutdown({ signal: context.signal }),
  );
  for (const [i, attempt] of serverFaults.entries())
    await tryFaulty(context, device, attempt, { ...trials, label: `${trials.label}-fault${i + 1}` });
  return await checklist.guard({ ...when, check: 'boots' }, async () =>
    untilReady(context, await off.powerOn()),
  );
}

/** One try; `original` is switched off. */
async function tryFaulty(
  context: RunContext,
  original: Device,
  attempt: FaultyAttempt,
  { label, upgrade, owned, onStep, onNote }: Trials,
): Promise<void> {
  await using stack = new CleanupStack();
  const device = await openDevice(context, label, original.overlays, stack);
  const { folder } = context;
  const checklist = new Checklist({ folder, device: device.target, onStep, onNote });
  const when = { moment: 'faulty', upgrade: upgradeName(upgrade), fault: attempt.name } as const;
  const trouble = troubleOf(context, attempt, upgrade);
  const plan = context.feed.hawkbit.misbehave(trouble.hawkbit ?? []);
  try {
    const before = await checklist.guard({ ...when, check: 'boots' }, async () =>
      untilReady(context, await device.target.powerOn()),
    );
    let started: Booting | undefined;
    const refusal = await checklist.step({ ...when, check: 'install' }, () =>
      refusalOf(context, trouble, async () => {
        started = await installToReset(context, before, upgrade);
      }),
    );
    context.notice(`${momentText(when)}: ${refusal ?? 'the update agent ended with success'}`);
    const ready = await checklist.step({ ...when, check: 'boots' }, async () =>
      untilReady(context, started ?? (await before.reboot())),
    );
    const runs = await assertHeld(context, ready, device, {
      ...{ upgrade, owned, trouble, refusal, checklist, when },
    });
    context.feed.hawkbit.misbehave([]);
    if (trouble.hawkbit !== undefined && plan.met === 0) throw notMet(context, trouble, refusal);
    const repaired = { ...when, moment: 'repaired' } as const;
    // Where the order was carried out nobody gives it again.
    const end =
      runs === upgrade.to
        ? undefined
        : await checklist.step({ ...repaired, check: 'install' }, () =>
            unlessBroken(context, upgrade, () => installRepaired(context, ready, upgrade)),
          );
    if (end?.odd !== undefined) context.notice(`${momentText(repaired)}: ${end.odd}`);
    const after = await checklist.step({ ...repaired, check: 'boots' }, async () =>
      untilReady(context, end?.started ?? (await ready.reboot())),
    );
    const expectation = afterUpgrade(context, upgrade, owned);
    const seen = await examine(context, after, device.subject, expectation, checklist, repaired);
    if (context.agent.accountOf !== undefined) {
      await checklist.step({ ...repaired, check: 'confirm' }, () => confirm(context, after));
      await assertTruth(context, after, { upgrade, trouble, checklist, when: repaired }, seen.release);
    }
    await after.cutPower();
  } catch (error) {
    if (!(error instanceof DeviceStopped)) throw error;
  } finally {
    context.spend('record.cpu', device.target.cpuSeconds());
  }
  await listenAtEnd(context, device.target, checklist);
}

/**
 * Has a release installed while its files have faults. Returns what the agent said when it refused; undefined where it
 * ended as if all were well. Throws ScenarioError `fault-not-met`, and DeviceFailure for any other end.
 */
export async function refusalOf(
  context: Pick<InstallContext, 'feed' | 'scenario'>,
  trouble: Trouble,
  work: () => Promise<unknown>,
): Promise<string | undefined> {
  using force = context.feed.misbehave(trouble.faults);
  const refusal = await refusalBy(work);
  if (force.met > 0 || trouble.faults.length === 0) return refusal;
  throw notMet(context, trouble, refusal);
}

function notMet(
  { scenario }: Pick<InstallContext, 'scenario'>,
  { text, hawkbit }: Trouble,
  refusal: string | undefined,
): ScenarioError {
  return new ScenarioError(
    'fault-not-met',
    `${scenario.source.path}: serverFaults: ${text}, but the device never asked for what is wrong; ` +
      (refusal ?? 'its update agent ended with success'),
    {
      hint:
        hawkbit === undefined
          ? 'choose another byte or package; an agent need not read all of a release'
          : 'choose another request; an agent need not make them all',
    },
  );
}

interface Held {
  upgrade: Upgrade;
  owned: Owned;
  trouble: Trouble;
  refusal: string | undefined;
  checklist: Checklist;
  when: Moment;
}

/**
 * Decides whether a device may be as it is after a try. On the old release it must be sound in every way. A package
 * manager that has said that it failed may leave it between the releases, since it does not promise to be atomic;
 * what is installed can then still be read, and the owner's files are there. Returns the release that it is on.
 */
async function assertHeld(
  context: RunContext,
  ready: Ready,
  device: Device,
  held: Held,
): Promise<string | undefined> {
  const { upgrade, owned, trouble, refusal, checklist, when } = held;
  const { from, to } = upgrade;
  const { scenario, agent, signal, shipped } = context;
  if (agent.packages !== undefined && scenario.expect.release !== undefined) {
    const seen = await checklist.guard({ ...when, check: 'look' }, () =>
      observe(ready, device.subject, signal),
    );
    const { running, result } = await checklist.guard({ ...when, check: 'look' }, () =>
      lookAtRelease(
        context,
        { device: ready, subject: device.subject, seen },
        {
          allowed: [from],
          compare: 'telling',
          present: installedBy(scenario),
          odd: owned.odd,
        },
      ),
    );
    if (result.verdict !== 'passed' && running.release !== to) {
      await checklist.step({ ...when, check: 'refused' }, () => assertSaid(result.message, trouble, refusal));
      context.notice(`${momentText(when)}: the device is between ${from} and ${to}: ${result.message}`);
      const files = judgeFiles({ expect: scenario.expect, shipped }, owned, seen.configuration, [from, to]);
      if (scenario.expect.configuration !== undefined && owned.files.length > 0)
        checklist.check({ ...when, check: 'configuration' }, files);
      return undefined;
    }
  }
  const allowed = allowedAfter(trouble, upgrade);
  const expectation = { allowed, owned, compare: 'every' as const, mayFallBack: allowed.includes(to) };
  const seen = await examine(context, ready, device.subject, expectation, checklist, when);
  await checklist.step({ ...when, check: allowed.includes(to) ? 'harmless' : 'refused' }, () =>
    assertAllowed(seen, upgrade, trouble, refusal),
  );
  await checklist.step({ ...when, check: 'confirm' }, () => confirm(context, ready));
  await assertTruth(context, ready, held, seen.release);
  return seen.release;
}

/** Holds what the server was told of an order against what the device runs, where a server gives orders. */
async function assertTruth(
  context: RunContext,
  device: Ready,
  { upgrade, trouble, checklist, when }: Pick<Held, 'upgrade' | 'trouble' | 'checklist' | 'when'>,
  runs = 'no release that is known',
): Promise<void> {
  if (context.agent.accountOf === undefined) return;
  const { isDeaf = false } = trouble;
  await checklist.step({ ...when, check: 'server' }, () =>
    assertServerKnows(context, device, { ordered: upgrade.to, runs, isDeaf }),
  );
}

function allowedAfter({ oneOf = ['old'] }: Trouble, { from, to }: Upgrade): string[] {
  return oneOf.map((age) => (age === 'old' ? from : to));
}

/** Throws DeviceFailure `silent-failure` where the agent has not said that it left the device between releases. */
export function assertSaid(state: string, { text }: Trouble, refusal: string | undefined): void {
  if (refusal !== undefined) return;
  throw new DeviceFailure(
    'silent-failure',
    `the update agent ended with success, but the device is on neither release: ${state}; ${text}`,
  );
}

/** Throws DeviceFailure `fault-taken` where it is known that the device is not wholly on a release that it may have. */
export function assertAllowed(
  { releaseChecked, release }: Pick<Examined, 'releaseChecked' | 'release'>,
  upgrade: Upgrade,
  trouble: Trouble,
  refusal: string | undefined,
): void {
  const { from, to } = upgrade;
  const allowed = allowedAfter(trouble, upgrade);
  if (!releaseChecked || (release !== undefined && allowed.includes(release))) return;
  const agent = refusal === undefined ? 'ended with success' : `refused (${refusal})`;
  const what =
    release === to
      ? `the upgrade to ${to} took place although its source was faulty`
      : release === from
        ? `the upgrade to ${to} did not take place, and the fault of its source should not have kept it away`
        : `the device is no longer wholly on ${allowed.join(' or ')} after an upgrade whose source was faulty`;
  throw new DeviceFailure('fault-taken', `${what}: ${trouble.text}; the update agent ${agent}`);
}

/**
 * The upgrade from the repaired source: for packages as their manager's documentation has it. Returns what was odd, and
 * the start that follows where the agent has reset the device.
 */
async function installRepaired(
  context: RunContext,
  device: Ready,
  upgrade: Upgrade,
): Promise<{ odd?: string | undefined; started?: Booting | undefined }> {
  const { packages } = context.agent;
  if (packages !== undefined) return { odd: await recover(context, device, upgrade, packages) };
  return { started: await installToReset(context, device, upgrade) };
}
