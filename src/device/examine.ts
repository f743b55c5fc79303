import type { FileFate } from '../model/configuration.ts';
import type { PathRecord } from '../model/record.ts';
import { installedBy, type OwnedPath } from '../model/scenario.ts';
import type { InstalledPackage } from '../model/software.ts';
import { type Moment, stepText } from '../model/steps.ts';
import type { Upgrade } from '../model/upgrade.ts';
import type { RunningRelease } from '../oracle/release.ts';
import type { Ready } from '../target/target.ts';
import type { Checklist } from './checklist.ts';
import { judgeFiles, type Owned } from './judge-files.ts';
import { listen } from './listen.ts';
import { lookAtRelease } from './look-at-release.ts';
import { mountedExt4 } from './mounted-ext4.ts';
import { observe, type Subject } from './observe.ts';
import type { FilesCompared, ReleaseSeen } from './release-identity.ts';
import { runChecks } from './run-checks.ts';
import type { RunContext } from './run-context.ts';

/** What there is to compare a device with. */
export interface Expectation {
  /** Releases that the device may be on. */
  allowed: readonly string[];
  owned: Owned;
  compare: FilesCompared;
  /** The release that an upgrade without a cut has brought it from. */
  cameFrom?: string;
  /** The release that the device must have tried on its way. */
  fellBackFrom?: string;
  /** Whether the device may give up boots on its way to another release; what it says in them is a note then. */
  mayFallBack?: boolean;
  /** Whether its power has failed since it was last looked at: a file system that was not mounted may have been repaired since. */
  powerFailed?: boolean;
}

/** What a device must look like after an upgrade that nothing interrupted. */
export function afterUpgrade(context: RunContext, { from, to }: Upgrade, owned: Owned): Expectation {
  if (context.scenario.expect.upgrade === 'succeeds')
    return { allowed: [to], owned, compare: 'every', cameFrom: from };
  return { allowed: [from], owned, fellBackFrom: to, mayFallBack: true, compare: 'every' };
}

/** What was found out about a device. */
export interface Examined extends RunningRelease {
  /** Whether every check passed. */
  sound: boolean;
  /** False where the scenario does not ask which release runs, and nobody looked. */
  releaseChecked: boolean;
  /** What the scenario's own checks printed: tells outcomes apart. */
  said: string[];
  /** What became of the owner's files. */
  files: FileFate[];
  /** Of a device that is upgraded by packages. */
  installed?: readonly InstalledPackage[];
}

/**
 * Looks at a device and notes what there is to check: release, configuration where the owner has files, fallback
 * where it is expected, the scenario's own checks, what the console said. Throws DeviceStopped where the
 * device cannot be looked at.
 */
export async function examine(
  context: RunContext,
  device: Ready,
  subject: Subject,
  { allowed, owned, compare, cameFrom, fellBackFrom, mayFallBack = false, powerFailed = false }: Expectation,
  checklist: Checklist,
  when: Moment,
): Promise<Examined> {
  const { expect } = context.scenario;
  // Files of an older recording were looked at in another way.
  const asBefore = (asked: OwnedPath): OwnedPath => ({
    ...asked,
    links: owned.files.find(({ path }) => path === asked.path)?.links ?? asked.links,
  });
  const seen = await checklist.guard({ ...when, check: 'look' }, () =>
    observe(device, { ...subject, configuration: subject.configuration.map(asBefore) }, context.signal),
  );
  const results: boolean[] = [];
  let release: Partial<ReleaseSeen> = {};
  if (expect.release !== undefined) {
    const found = await checklist.guard({ ...when, check: 'look' }, () =>
      lookAtRelease(
        context,
        { device, subject, seen },
        {
          allowed,
          compare,
          present: installedBy(context.scenario),
          odd: owned.odd,
          cameFrom,
          fellBackFrom,
        },
      ),
    );
    release = found;
    results.push(checklist.check({ ...when, check: 'release' }, found.result));
  }
  const configuration = judgeFiles({ expect, shipped: context.shipped }, owned, seen.configuration, allowed);
  if (expect.configuration !== undefined && owned.files.length > 0)
    results.push(checklist.check({ ...when, check: 'configuration' }, configuration));
  if (release.fallback !== undefined)
    results.push(checklist.check({ ...when, check: 'fallback' }, release.fallback));
  const own = await runChecks(context, device, checklist, { allowed, when, booted: true });
  results.push(own.sound);
  const mounted = () =>
    checklist.guard({ ...when, check: 'look' }, () => mountedExt4(device, context.signal));
  results.push(
    await listen(context, device, checklist, {
      ...{ when, mayFallBack, booted: true },
      ...(powerFailed ? { mounted } : {}),
    }),
  );
  const sound = results.every(Boolean);
  const releaseChecked = expect.release !== undefined;
  const { running = { release: undefined, slot: undefined }, installed } = release;
  return {
    ...(installed === undefined ? {} : { installed }),
    ...running,
    sound,
    releaseChecked,
    said: own.said,
    files: configuration.files,
  };
}

/** Notes what became of the owner's files. */
export function noteFiles(context: RunContext, path: PathRecord, when: Moment, { files }: Examined): void {
  if (files.length === 0) return;
  const id = { ...when, check: 'configuration' };
  const table = { id, check: stepText(id), files };
  path.configuration = [...(path.configuration ?? []), table];
  context.emit({ type: 'configuration', run: context.runId, path: path.releases, table });
}
