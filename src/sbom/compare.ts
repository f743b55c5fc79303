import type { PackageSystem } from '../model/software.ts';
import { compareVersions } from '../package/version.ts';
import type { CompareVersions } from './diff.ts';

/** How each package system compares versions. */
export const comparisons = {
  opkg: compareVersions,
  dpkg: compareVersions,
} satisfies Partial<Record<PackageSystem, CompareVersions>>;
