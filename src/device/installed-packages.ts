import type { PackageAgent } from '../agents/agent.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure, HarnessError, ScenarioError } from '../core/errors.ts';
import { didYouMean } from '../document/suggest.ts';
import type { PathRecord } from '../model/record.ts';
import type { Moment } from '../model/steps.ts';
import type { CheckResult } from '../oracle/check.ts';
import { checkGone, packagedFiles } from '../oracle/packages.ts';
import type { Ready } from '../target/target.ts';
import type { Checklist } from './checklist.ts';
import type { Device } from './device.ts';
import { untilReady } from './device.ts';
import { examine, noteFiles } from './examine.ts';
import type { Owned } from './judge-files.ts';
import { lookAtRelease } from './look-at-release.ts';
import { observe } from './observe.ts';
import { observePackages, packageSystem } from './observe-packages.ts';
import { runChecks } from './run-checks.ts';
import { type RunContext, releaseSource } from './run-context.ts';

/** What packages are to be done something with, on which release. */
interface PackageChange {
  release: string;
  names: readonly string[];
  checklist: Checklist;
  when: Moment;
}

/**
 * Installs packages from the feed of the release that runs, and looks at the device before it is booted again; every
 * file of every package is compared after that. Throws
 * DeviceStopped where they are not there afterwards, with all that they need, whole.
 */
export async function addPackages(
  context: RunContext,
  device: Device,
  ready: Ready,
  { release, names, checklist, when }: PackageChange,
): Promise<void> {
  const { signal } = context;
  assertOffered(context, release, names);
  const source = releaseSource(context, { from: release, to: release });
  await checklist.step({ ...when, check: 'install' }, () =>
    packageAgent(context).add(ready, source, names, limits(context)),
  );
  await checklist.step({ ...when, check: 'release' }, async () => {
    const seen = await observe(ready, device.subject, signal);
    const look = { allowed: [release], compare: 'telling', present: names } as const;
    assertPassed(
      (await lookAtRelease(context, { device: ready, subject: device.subject, seen }, look)).result,
    );
  });
  await runChecks(context, ready, checklist, { allowed: [release], when, booted: false });
}

/**
 * Removes the scenario's packages at the end of a path and installs them again. What the owner's files are afterwards is
 * judged as after an upgrade.
 */
export async function reinstall(
  context: RunContext,
  device: Device,
  before: Ready,
  {
    path,
    owned,
    checklist,
    release,
  }: { path: PathRecord; owned: Owned; checklist: Checklist; release: string },
): Promise<Ready> {
  const names = context.scenario.reinstall ?? [];
  const agent = packageAgent(context);
  const contents = context.contents?.get(release) ?? [];
  await checklist.step({ moment: 'removed', check: 'remove' }, () =>
    agent.remove(before, names, limits(context)),
  );
  await checklist.step({ moment: 'removed', check: 'gone' }, async () => {
    const paths = packagedFiles(contents.filter(({ name }) => names.includes(name)));
    const seen = await observePackages(before, packageSystem(context), paths, context.signal);
    assertPassed(checkGone(seen, contents, names));
  });
  await addPackages(context, device, before, { release, names, checklist, when: { moment: 'reinstalled' } });
  const when = { moment: 'reinstalled-rebooted' } as const;
  const ready = await checklist.step({ ...when, check: 'boots' }, async () =>
    untilReady(context, await before.reboot()),
  );
  const expectation = { allowed: [release], owned, compare: 'every' as const };
  const seen = await examine(context, ready, device.subject, expectation, checklist, when);
  noteFiles(context, path, when, seen);
  return ready;
}

function assertOffered(
  { contents, manifest, scenario }: RunContext,
  release: string,
  names: readonly string[],
): void {
  const offered = (contents?.get(release) ?? []).map(({ name }) => name);
  const [unknown] = names.filter((name) => !offered.includes(name));
  if (unknown === undefined) return;
  throw new ScenarioError(
    'unknown-package',
    `${scenario.source.path}: the feed of ${manifest.name} ${release} has no package ${unknown}${didYouMean(unknown, offered)}`,
  );
}

function packageAgent({ agent }: RunContext): PackageAgent {
  if (agent.packages !== undefined) return agent.packages;
  throw new HarnessError('agent-mismatch', `${agent.name} installs no packages`);
}

function limits({ scenario, signal }: RunContext): { deadline: Deadline; signal: AbortSignal } {
  return { deadline: Deadline.after(scenario.expect.installsWithinMs), signal };
}

/** For what the steps that follow build on. */
function assertPassed(result: CheckResult): void {
  if (result.verdict !== 'passed') throw new DeviceFailure(result.code, result.message);
}
