import type { Role } from '../model/conformance.ts';
import type { ImageManifest } from '../model/image.ts';
import type { Scenario } from '../model/scenario.ts';

/** Which release plays which part; those that the scenario or the image has none for are absent. */
export type Cast = Partial<Record<Role, string>>;

/**
 * Gives the scenario's releases their parts, in its order; the broken one is its last where the device must fall back from
 * it, or one of the image whose name says so (`2.1-broken`).
 */
export function castOf(
  {
    releases,
    expect: { upgrade },
  }: { releases: Scenario['releases']; expect: Pick<Scenario['expect'], 'upgrade'> },
  manifest: Pick<ImageManifest, 'releases'>,
): Cast {
  const bad = upgrade === 'succeeds' ? Object.keys(manifest.releases).find(isNamedBroken) : releases.at(-1);
  const [old, next, afterNext] = releases.filter((release) => release !== bad && !isNamedBroken(release));
  return {
    ...(old === undefined ? {} : { old }),
    ...(next === undefined ? {} : { new: next }),
    ...(afterNext === undefined ? {} : { next: afterNext }),
    ...(bad === undefined ? {} : { broken: bad }),
  };
}

function isNamedBroken(release: string): boolean {
  return release.endsWith('-broken');
}
