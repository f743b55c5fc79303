import { moments, upgradeMoments } from '../model/steps.ts';
import type { CriterionId } from './admission.ts';
import type { PackagePlan } from './plan.ts';
import { serviceChecks } from './scenario-text.ts';

/** A step of a run that a criterion is decided by. */
export interface ExpectedStep {
  criterion: Exclude<CriterionId, 'power-cuts'>;
  path: readonly string[];
  subject: string;
  /** Its name in run.json. */
  step: string;
  /** For people. */
  what: string;
}

/** Everything that the runs of a plan must have decided: what one did not come to is unknown, and no pass. */
export function expectedSteps(plan: PackagePlan): ExpectedStep[] {
  return plan.paths.flatMap((path) => {
    const first = path[0] ?? '';
    const last = path.at(-1) ?? '';
    const one = (criterion: ExpectedStep['criterion'], subject: string, step: string, what: string) => ({
      criterion,
      path,
      subject,
      step,
      what,
    });
    const looks = (subject: string, prefix: string, when: string, booted: boolean) => [
      ...serviceSteps(plan).map((check) =>
        one('services', subject, `${prefix}${check}`, `${when}: ${check}`),
      ),
      ...(booted && plan.edits.length > 0
        ? [one('configuration', subject, `${prefix}configuration`, when)]
        : []),
    ];
    const upgrades = path.slice(1).flatMap((to, i) => {
      const name = `${path[i] ?? ''}->${to}`;
      const rebooted = upgradeMoments.rebooted(name);
      return [
        one('upgrade', name, `${rebooted}install`, 'the upgrade ends'),
        one('upgrade', name, `${rebooted}release`, 'every package whole and of the release'),
        one('reboot', name, `${rebooted}first boot`, 'boots after the upgrade'),
        ...looks(name, upgradeMoments.running(name), 'upgraded, before the reboot', false),
        ...looks(name, rebooted, 'upgraded and booted', true),
      ];
    });
    return [
      one('install', first, `${moments.installed}install`, 'the installation ends'),
      one('install', first, `${moments.installed}release`, 'it is there whole, and all the rest as before'),
      ...looks(first, moments.installed, 'installed, before a reboot', false),
      one('reboot', first, `${moments.installedRebooted}boots`, 'boots after the installation'),
      one('reboot', first, `${moments.installedRebooted}release`, 'and is as it was installed'),
      ...looks(first, moments.installedRebooted, 'installed and booted', true),
      ...upgrades,
      one('reinstall', last, `${moments.removed}remove`, 'the removal ends'),
      one('reinstall', last, `${moments.removed}gone`, 'nothing is left but configuration'),
      one('reinstall', last, `${moments.reinstalled}install`, 'the installation ends'),
      one('reinstall', last, `${moments.reinstalled}release`, 'it is there whole again'),
      ...looks(last, moments.reinstalled, 'installed again, before a reboot', false),
      one('reboot', last, `${moments.reinstalledRebooted}boots`, 'boots after it was installed again'),
      one('reboot', last, `${moments.reinstalledRebooted}release`, 'and is as it was installed'),
      ...looks(last, moments.reinstalledRebooted, 'installed again and booted', true),
    ];
  });
}

/** Of a package without units, nothing is to be said of its services. */
function serviceSteps({ units, idle }: PackagePlan): string[] {
  if (units.length > 0) return [serviceChecks.units, serviceChecks.system];
  return idle.length > 0 ? [serviceChecks.system] : [];
}
