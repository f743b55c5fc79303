import type { PackageSystem } from '../model/software.ts';
import { compareVersions } from '../package/control/version.ts';
import { compareRpmVersions } from '../package/rpm/version.ts';
import type { CompareVersions } from './diff.ts';

/** How each package system compares versions. */
export const comparisons: Readonly<Record<PackageSystem, CompareVersions>> = {
  opkg: compareVersions,
  dpkg: compareVersions,
  rpm: compareRpmVersions,
};
