import type { CriterionId } from './admission.ts';

/** What each criterion asks. */
export const questions: Record<CriterionId, string> = {
  install: 'Installs on a device that never had it',
  upgrade: 'Upgrades from each earlier release to each later one',
  configuration: "Keeps its owner's configuration",
  services: 'Its services run',
  reboot: 'The device boots afterwards',
  reinstall: 'Can be removed and installed again',
  'power-cuts': 'Survives power cuts during its upgrade',
};
