import type { ExploreLimits } from './explore-cuts.ts';

/** How far crash states are explored where nobody says otherwise; scenarios/README.md names the same numbers. */
export const usualLimits = {
  canonical: true,
  snapshots: false,
  auditShare: 0.05,
  auditLeast: 10,
  chanceBoots: 2,
  retryBoots: 6,
  secondCutBoots: 6,
  reuse: true,
} as const satisfies Omit<ExploreLimits, 'budgetMs'>;
