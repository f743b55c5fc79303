import type { Moment, StepId } from '../model/steps.ts';
import type { CriterionId } from './admission.ts';
import type { PackagePlan } from './plan.ts';
import { serviceChecks } from './scenario-text.ts';

/** A step of a run that a criterion is decided by. */
export interface ExpectedStep {
  criterion: Exclude<CriterionId, 'power-cuts'>;
  path: readonly string[];
  subject: string;
  step: StepId;
  /** For people. */
  what: string;
}

const installed: Moment = { moment: 'installed' };
const installedRebooted: Moment = { moment: 'installed-rebooted' };
const removed: Moment = { moment: 'removed' };
const reinstalled: Moment = { moment: 'reinstalled' };
const reinstalledRebooted: Moment = { moment: 'reinstalled-rebooted' };

/** Everything that the runs of a plan must have decided: what one did not come to is unknown, and no pass. */
export function expectedSteps(plan: PackagePlan): ExpectedStep[] {
  return plan.paths.flatMap((path) => {
    const first = path[0] ?? '';
    const last = path.at(-1) ?? '';
    const one = (criterion: ExpectedStep['criterion'], subject: string, step: StepId, what: string) => ({
      criterion,
      path,
      subject,
      step,
      what,
    });
    const looks = (subject: string, when: Moment, text: string, booted: boolean) => [
      ...serviceSteps(plan).map((check) => one('services', subject, { ...when, check }, `${text}: ${check}`)),
      ...(booted && plan.edits.length > 0
        ? [one('configuration', subject, { ...when, check: 'configuration' }, text)]
        : []),
    ];
    const upgrades = path.slice(1).flatMap((to, i) => {
      const name = `${path[i] ?? ''}->${to}`;
      const rebooted = { moment: 'upgrade', upgrade: name } as const;
      return [
        one('upgrade', name, { ...rebooted, check: 'install' }, 'the upgrade ends'),
        one('upgrade', name, { ...rebooted, check: 'release' }, 'every package whole and of the release'),
        one('reboot', name, { ...rebooted, check: 'first boot' }, 'boots after the upgrade'),
        ...looks(name, { ...rebooted, moment: 'before-reboot' }, 'upgraded, before the reboot', false),
        ...looks(name, rebooted, 'upgraded and booted', true),
      ];
    });
    return [
      one('install', first, { ...installed, check: 'install' }, 'the installation ends'),
      one(
        'install',
        first,
        { ...installed, check: 'release' },
        'it is there whole, and all the rest as before',
      ),
      ...looks(first, installed, 'installed, before a reboot', false),
      one('reboot', first, { ...installedRebooted, check: 'boots' }, 'boots after the installation'),
      one('reboot', first, { ...installedRebooted, check: 'release' }, 'and is as it was installed'),
      ...looks(first, installedRebooted, 'installed and booted', true),
      ...upgrades,
      one('reinstall', last, { ...removed, check: 'remove' }, 'the removal ends'),
      one('reinstall', last, { ...removed, check: 'gone' }, 'nothing is left but configuration'),
      one('reinstall', last, { ...reinstalled, check: 'install' }, 'the installation ends'),
      one('reinstall', last, { ...reinstalled, check: 'release' }, 'it is there whole again'),
      ...looks(last, reinstalled, 'installed again, before a reboot', false),
      one('reboot', last, { ...reinstalledRebooted, check: 'boots' }, 'boots after it was installed again'),
      one('reboot', last, { ...reinstalledRebooted, check: 'release' }, 'and is as it was installed'),
      ...looks(last, reinstalledRebooted, 'installed again and booted', true),
    ];
  });
}

/** Of a package without units, nothing is to be said of its services. */
function serviceSteps({ units, idle }: PackagePlan): string[] {
  if (units.length > 0) return [serviceChecks.units, serviceChecks.system];
  return idle.length > 0 ? [serviceChecks.system] : [];
}
