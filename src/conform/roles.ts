import { keysOf } from '../core/keys.ts';
import type { Role } from '../model/conformance.ts';
import type { Breakage, ImageManifest, ReleaseSpec } from '../model/image.ts';
import type { Scenario } from '../model/scenario.ts';

/** Which release plays which part; those that the scenario or the image has none for are absent. */
export type Cast = Partial<Record<Role, string>>;

/** The part of a release that is broken so. */
const partOf = {
  'no-kernel': 'no kernel',
  'no-init': 'no init',
  hangs: 'hanging',
  health: 'unhealthy',
} as const satisfies Record<Breakage, Role>;

/** Of these, the one that stands for any release that does not come up: the first that the image has. */
const neverUp: readonly Breakage[] = ['no-init', 'no-kernel', 'hangs'];

/** Whether a release is another application beside the same system. */
export function isApplication(release: Pick<ReleaseSpec, 'module'> | undefined): boolean {
  return release?.module !== undefined && release.module.part !== 'os';
}

/**
 * Gives the scenario's releases their parts, in its order, and the image's broken ones theirs. Where the device must fall
 * back from the scenario's last release, that one does not come up.
 */
export function castOf(
  {
    releases,
    expect: { upgrade },
  }: { releases: Scenario['releases']; expect: Pick<Scenario['expect'], 'upgrade'> },
  manifest: Pick<ImageManifest, 'releases'>,
): Cast {
  const brokenAs = (how: Breakage) =>
    Object.values(manifest.releases).find(({ broken }) => broken === how)?.version;
  const bad =
    upgrade === 'succeeds' ? neverUp.map(brokenAs).find((one) => one !== undefined) : releases.at(-1);
  const [old, next, afterNext] = releases.filter(
    (release) => release !== bad && manifest.releases[release]?.broken === undefined,
  );
  const parts: [Role, string | undefined][] = [
    ['old', old],
    ['new', next],
    ['next', afterNext],
    ['broken', bad],
    ['silent', Object.values(manifest.releases).find((one) => isApplication(one) && one.apart)?.version],
    ...keysOf(partOf).map((how): [Role, string | undefined] => [partOf[how], brokenAs(how)]),
  ];
  return Object.fromEntries(parts.filter(([, release]) => release !== undefined));
}
