/**
 * What begins the names of steps that show what became of installed packages: the runner writes them, dossiers read
 * them. After each comes what was decided: `release`, `configuration`, the name of a scenario's check.
 */
export const moments = {
  /** Right after the packages were installed, before the next boot. */
  installed: 'installed: ',
  installedRebooted: 'installed, rebooted: ',
  removed: 'removed: ',
  reinstalled: 'reinstalled: ',
  reinstalledRebooted: 'reinstalled, rebooted: ',
} as const;

/** The same for an upgrade: before the next boot, and after it. */
export const upgradeMoments = {
  running: (upgrade: string) => `${upgrade} before reboot: `,
  rebooted: (upgrade: string) => `${upgrade} `,
};
