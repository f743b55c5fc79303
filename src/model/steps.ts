/** When something is decided about a device. */
export type Moment =
  | { moment: PlainMoment }
  /** Of an upgrade (`1.0->1.1`): from its installation to its confirmation; and between the installation and the boot. */
  | { moment: 'upgrade' | 'before-reboot'; upgrade: string }
  /** On a copy of the device: an upgrade from a source with this fault of the scenario, and from the repaired one. */
  | { moment: 'faulty' | 'repaired'; upgrade: string; fault: string }
  /** Of a case of the conformance suite; `at` says what was done last, for people; `faulty`: from a server with a fault. */
  | { moment: 'case'; at: string; faulty?: true };

/** Moments that no upgrade is named with: a path has them once, and of a cut its record names the upgrade. */
export type PlainMoment = (typeof plainMoments)[number];

/**
 * `in-service`: first boot and the owner's settings. `installed`: right after the packages were installed, before the
 * next boot. `rollback`: going back to the release before; `rolled-back`: what the device is then. `before-cut`: up to a
 * live cut. `confirmed`: starts of a confirmed device. `after-cut`: what comes up. `retry`: the upgrade is done again; `retried`: what the device is then.
 */
export const plainMoments = [
  'in-service',
  'installed',
  'installed-rebooted',
  'removed',
  'reinstalled',
  'reinstalled-rebooted',
  'confirmed',
  'rollback',
  'rolled-back',
  'before-cut',
  'after-cut',
  'retry',
  'retried',
] as const;

/** Which step it is: what was done or decided (`release`, `configuration`, the name of a scenario's check), and when. */
export type StepId = Moment & { check: string };

/** What reports call moments; of the others a step's text is the check alone. */
export const momentTitles: Partial<Record<PlainMoment, string>> = {
  installed: 'installed',
  'installed-rebooted': 'installed, rebooted',
  removed: 'removed',
  reinstalled: 'reinstalled',
  'reinstalled-rebooted': 'reinstalled, rebooted',
  confirmed: 'confirmed',
  'rolled-back': 'rollback',
  retried: 'retry',
};

/** A moment for people: `1.0->1.1 before reboot`; empty where a step's text says all. */
export function momentText(when: Moment): string {
  if (when.moment === 'case') return when.at;
  if (!('upgrade' in when)) return momentTitles[when.moment] ?? '';
  switch (when.moment) {
    case 'upgrade':
      return when.upgrade;
    case 'before-reboot':
      return `${when.upgrade} before reboot`;
    case 'faulty':
      return `${when.upgrade} ${when.fault}`;
    case 'repaired':
      return `${when.upgrade} ${when.fault}: repaired`;
  }
}

/** The step for people: `1.0->1.1 first boot`, `rollback: release`. */
export function stepText(step: StepId): string {
  const title = momentText(step);
  if (title === '') return step.check;
  return `${title}${step.moment === 'upgrade' ? '' : ':'} ${step.check}`;
}

/** Equal for equal steps, and for no others. */
export function stepKey(step: StepId): string {
  const upgrade = 'upgrade' in step ? step.upgrade : '';
  const detail = 'fault' in step ? step.fault : 'at' in step ? step.at : '';
  return JSON.stringify([step.moment, upgrade, detail, step.check]);
}

/** Whether both are the same step; two that are unknown are none. */
export function isSameStep(one: StepId | undefined, other: StepId | undefined): boolean {
  return one !== undefined && other !== undefined && stepKey(one) === stepKey(other);
}

/** What is decided of devices besides the checks of a scenario's own, by name; none of these may be called so. */
export const builtInChecks = [
  'boots',
  'look',
  'release',
  'configuration',
  'fallback',
  'kernel',
  'console shows',
  'provision',
  'install',
  'first boot',
  'confirm',
  'confirmed',
  'rollback',
  'shutdown',
  'server',
  'refused',
  'harmless',
  'remove',
  'gone',
  'recovers',
  'retry',
  'slot',
  'deterministic',
  'outcomes',
] as const;
