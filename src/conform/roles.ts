import type { Role } from '../model/conformance.ts';
import type { ImageManifest } from '../model/image.ts';
import type { Scenario } from '../model/scenario.ts';

/** Which release plays which part; those that the scenario or the image has none for are absent. */
export type Cast = Partial<Record<Role, string>>;

/**
 * Gives the scenario's releases their parts, in its order; the broken one is the scenario's own (`expect.broken`), or one
 * of the image whose name says so.
 */
export function castOf(
  { releases, expect: { broken } }: Pick<Scenario, 'releases' | 'expect'>,
  manifest: Pick<ImageManifest, 'releases'>,
): Cast {
  const known = Object.keys(broken);
  const isBroken = (release: string) => known.includes(release) || release.endsWith('-broken');
  const [old, next, afterNext] = releases.filter((release) => !isBroken(release));
  const bad = known[0] ?? Object.keys(manifest.releases).find(isBroken);
  return {
    ...(old === undefined ? {} : { old }),
    ...(next === undefined ? {} : { new: next }),
    ...(afterNext === undefined ? {} : { next: afterNext }),
    ...(bad === undefined ? {} : { broken: bad }),
  };
}
