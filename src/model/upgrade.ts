/** One upgrade: from a release that runs to one that is to run. */
export interface Upgrade {
  from: string;
  to: string;
}

/** `1.0->1.1` */
export function upgradeName({ from, to }: Upgrade): string {
  return `${from}->${to}`;
}

/** The upgrades of a path, in order. */
export function upgradesOf(releases: readonly string[]): Upgrade[] {
  return releases.slice(1).map((to, i) => ({ from: releases[i] ?? to, to }));
}
