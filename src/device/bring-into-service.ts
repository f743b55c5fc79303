import { DeviceFailure, ScenarioError } from '../core/errors.ts';
import { installedBy } from '../model/scenario.ts';
import type { InstalledPackage } from '../model/software.ts';
import type { Moment } from '../model/steps.ts';
import type { FileState, Observation, OwnedFile } from '../oracle/observation.ts';
import type { OddPath } from '../oracle/packaged-paths.ts';
import type { Ready } from '../target/target.ts';
import type { Checklist } from './checklist.ts';
import type { Device } from './device.ts';
import { untilReady } from './device.ts';
import { confirm } from './drive-agent.ts';
import { type Examined, examine } from './examine.ts';
import { addPackages } from './installed-packages.ts';
import { listen } from './listen.ts';
import { lookAtOddPaths, lookAtRelease } from './look-at-release.ts';
import { observe } from './observe.ts';
import { installToReset } from './own-reset.ts';
import { provision } from './provision.ts';
import type { FilesCompared, Shown } from './release-identity.ts';
import type { RunContext } from './run-context.ts';
import { startRelease } from './start-release.ts';

const inService: Moment = { moment: 'in-service' };
const rebooted: Moment = { moment: 'installed-rebooted' };

/** A device that its owner uses. */
export interface InService {
  ready: Ready;
  /** The owner's files. */
  configuration: OwnedFile[];
  /** Undefined where nobody counts packages. */
  installed?: readonly InstalledPackage[] | undefined;
  /** What is not as packaged, besides the packages that the scenario installs; undefined where nobody can tell. */
  odd: readonly OddPath[] | undefined;
  /** How it came up after packages were installed; absent where none were. */
  examined?: Examined;
}

/**
 * First boot, packages that the scenario installs, and the owner's settings. What a device fresh from the factory does
 * not do as described is the description's fault: ScenarioError `image-mismatch`, `provision-failed`. What becomes of the
 * scenario's packages is the device's: DeviceStopped.
 */
export async function bringIntoService(
  context: RunContext,
  device: Device,
  release: string,
  checklist: Checklist,
): Promise<InService> {
  const arrived = await arrive(context, device, release, checklist);
  const names = installedBy(context.scenario);
  const look = () =>
    checklist.guard({ ...inService, check: 'look' }, () =>
      asDescribed(context, release, () => observe(arrived, device.subject, context.signal)),
    );
  const isKnown = context.manifest.releases[release]?.content.kind !== 'unknown';
  const asShipped = (seen: Observation, compare: FilesCompared) =>
    isKnown
      ? assertShipped(
          context,
          { device: arrived, subject: device.subject, seen },
          { release, compare, checklist },
        )
      : undefined;
  let factory: readonly InstalledPackage[] | undefined;
  if (names.length > 0) {
    factory = await asShipped(await look(), 'telling');
    const when = { moment: 'installed' } as const;
    await addPackages(context, device, arrived, { release, names, checklist, when });
  }
  const found = new Map((await look()).configuration.map((file) => [file.path, file]));
  await checklist.step({ ...inService, check: 'provision' }, async () => {
    await provision(arrived, context.scenario, context.signal);
    await confirm(context, arrived);
  });
  const seen = await look();
  await listen(context, arrived, checklist, { when: inService, booted: true });
  assertOwned(context, seen.configuration);
  const configuration = seen.configuration.map((file, i) => {
    const before = found.get(file.path);
    return {
      ...file,
      links: device.subject.configuration[i]?.links ?? 'kept',
      found: before?.kind === file.kind ? before?.content : undefined,
    };
  });
  const installed = names.length === 0 ? await asShipped(seen, 'every') : undefined;
  const odd = isKnown
    ? await checklist.guard({ ...inService, check: 'look' }, () =>
        asDescribed(context, release, () => lookAtOddPaths(context, arrived, { release, factory })),
      )
    : undefined;
  if (names.length === 0) return { ready: arrived, configuration, installed, odd };
  const ready = await checklist.step({ ...rebooted, check: 'boots' }, async () =>
    untilReady(context, await arrived.reboot()),
  );
  const owned = { release, files: configuration, odd };
  const expectation = { allowed: [release], owned, compare: 'every' as const };
  const examined = await examine(context, ready, device.subject, expectation, checklist, rebooted);
  return { ready, configuration, installed: examined.installed, odd, examined };
}

/** The first start, and the upgrade that follows where no device leaves the factory with this release. */
async function arrive(
  context: RunContext,
  device: Device,
  release: string,
  checklist: Checklist,
): Promise<Ready> {
  const from = startRelease(context.manifest, release);
  const ready = await checklist.step({ ...inService, check: `boot ${from}` }, () =>
    asDescribed(context, from, async () =>
      untilReady(context, await device.target.powerOn(), context.scenario.expect.firstBootWithinMs),
    ),
  );
  if (from === release) return ready;
  return checklist.step({ ...inService, check: `come to ${release}` }, async () => {
    const started = await installToReset(context, ready, { from, to: release });
    const arrived = await untilReady(context, started ?? (await ready.reboot()));
    await confirm(context, arrived);
    return arrived;
  });
}

/** What is installed on a device that must be on `release`; undefined where nobody counts packages. */
async function assertShipped(
  context: RunContext,
  shown: Shown,
  { release, compare, checklist }: { release: string; compare: FilesCompared; checklist: Checklist },
): Promise<readonly InstalledPackage[] | undefined> {
  const { result, installed } = await checklist.guard({ ...inService, check: 'look' }, () =>
    asDescribed(context, release, () =>
      lookAtRelease(context, shown, { allowed: [release], compare, present: [] }),
    ),
  );
  if (result.verdict !== 'passed') throw mismatch(context, release, result.message);
  return installed;
}

/** Failures of a factory-new device that say that the image's or the scenario's description is wrong. */
const descriptionFaults: readonly string[] = [
  'ssh-host-key',
  'ssh-login-refused',
  'no-answer',
  'observe-failed',
  'package-database',
];

async function asDescribed<T>(context: RunContext, release: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeviceFailure && descriptionFaults.includes(error.code))
      throw mismatch(context, release, error.message, error);
    throw error;
  }
}

function mismatch(context: RunContext, release: string, why: string, cause?: DeviceFailure): ScenarioError {
  return new ScenarioError(
    'image-mismatch',
    `${context.scenario.source.path}: a device fresh from the factory with ${release} of ${context.manifest.name} is not as described: ${why}`,
    {
      cause,
      hint: 'check the image (factory disks, slots, slotContent, ssh; a slot that the device writes to cannot be compared) and the configuration paths',
      ...(cause?.logPath === undefined ? {} : { logPath: cause.logPath }),
    },
  );
}

/** A path that is listed, was never there and was not deleted by the owner would be preserved by any device. */
function assertOwned({ scenario }: RunContext, files: readonly FileState[]): void {
  const deleted = scenario.provision.flatMap((step) => ('delete' in step ? [step.delete.path] : []));
  const absent = files.filter(({ path, content }) => content === undefined && !deleted.includes(path));
  if (absent.length > 0)
    throw new ScenarioError(
      'configuration-absent',
      `${scenario.source.path}: after provisioning the device has no ${absent.map(({ path }) => path).join(', ')}, so nothing would show whether it is kept`,
      { hint: 'correct the path, or let a provision step write the file' },
    );
}
