import type { InstalledPackage, PackageSystem } from '../model/software.ts';
import type { Description, ImageDocument, ImageElement, ImagePackage, ImageSbom } from './image-sbom.ts';
import { licenceOf } from './licence.ts';
import { purlOf } from './purl.ts';

/** What is known of a system. */
export interface SystemFacts {
  system: PackageSystem;
  /** What is installed now. */
  installed: readonly InstalledPackage[];
  /** What was installed while the system was as `image` says; without it, versions have to tell. */
  before?: readonly InstalledPackage[];
  /** What was installed first. */
  image?: ImageSbom;
  /** Of the system; default: the image's, or `system`. */
  name?: string;
  /** The distribution's ID of os-release, for package URLs. */
  vendor?: string;
}

/**
 * How an installed package stands to the image's: it is that; it has the same upstream version, and is another build or
 * the image's document does not say which; or it is another version.
 */
export type ImageRelation = 'same' | 'same-upstream' | 'other';

/** A package as an SPDX document describes it. */
export interface SystemPackage extends Description {
  installed: InstalledPackage;
  purl?: string;
  /** Undefined where the image had no package of this name. */
  image?: { relation: ImageRelation; element: ImageElement };
}

/** A system as an SPDX document describes it, whichever version of SPDX. */
export interface SystemSbom {
  name: string;
  packages: readonly SystemPackage[];
  /** The document that this one is built on. */
  image?: ImageDocument;
  /** How many of its VEX statements are about packages or versions that are not installed, and left out. */
  lostVex: number;
}

/**
 * What is installed, built on what the image's own SPDX says: of a package that is still the image's everything stays,
 * of one with the same upstream version what does not depend on the build (supplier, homepage, CPEs, its licence where no
 * feed says one, what was said of vulnerabilities), and a package of another version is described anew.
 */
export function describeSystem({ system, installed, before, image, name, vendor }: SystemFacts): SystemSbom {
  const theirs = new Map<string, ImagePackage[]>();
  for (const one of image?.packages ?? []) theirs.set(one.name, [...(theirs.get(one.name) ?? []), one]);
  const earlier = before === undefined ? undefined : new Map(before.map((one) => [identity(one), one]));
  const packages = installed.map((listed): SystemPackage => {
    const old = earlier?.get(identity(listed));
    const stays = old !== undefined && isSame(old, listed);
    // What the first feed says of a package that stays is about the file that was installed.
    const one = stays ? { ...listed, ...old, state: listed.state } : listed;
    const purl = purlOf(system, one, vendor);
    const own = { installed: one, ...(purl === undefined ? {} : { purl }) };
    const namesakes = theirs.get(one.name) ?? [];
    const found = namesakes.find(({ version }) => version === one.version) ?? namesakes[0];
    if (found === undefined) return { ...own, ...described(one) };
    const relation = relationOf(one, found, earlier === undefined ? undefined : stays);
    return {
      ...own,
      ...combined(described(one), found, relation),
      image: { relation, element: found.element },
    };
  });
  const told = new Map((image?.packages ?? []).map(({ element, vex = [] }) => [element.id, vex.length]));
  const taken = new Set(
    packages.flatMap(({ image: from, vex }) => (vex === undefined ? [] : from?.element.id)),
  );
  const lostVex = [...told].reduce((sum, [id, count]) => sum + (taken.has(id) ? 0 : count), 0);
  return {
    name: name ?? image?.name ?? 'system',
    packages,
    lostVex,
    ...(image === undefined ? {} : { image: image.document }),
  };
}

function identity({ name, version, architecture }: InstalledPackage): string {
  return `${name} ${version} ${architecture}`;
}

/** Whether two packages of one version are one and the same: not if it was installed again from another file. */
function isSame(before: InstalledPackage, after: InstalledPackage): boolean {
  if (before.installedAt === undefined || after.installedAt === undefined) return true;
  return (
    before.installedAt === after.installedAt ||
    (before.digest !== undefined && before.digest.value === after.digest?.value)
  );
}

/** `stays`: whether it is as it was in the image, where that is known. */
function relationOf(
  { version }: InstalledPackage,
  theirs: ImagePackage,
  stays: boolean | undefined,
): ImageRelation {
  if (stays ?? theirs.version === version) return 'same';
  const known = theirs.version ?? '';
  return [known, upstreamOf(known)].includes(upstreamOf(version)) ? 'same-upstream' : 'other';
}

/** Without epoch and revision. */
function upstreamOf(version: string): string {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}

function described({ licence, digest }: InstalledPackage): Description {
  return {
    ...(licence === undefined ? {} : { declared: licenceOf(licence) }),
    checksums: digest?.of === 'file' ? [{ algorithm: digest.algorithm, value: digest.value }] : [],
    cpes: [],
  };
}

function combined(own: Description, theirs: ImagePackage, relation: ImageRelation): Description {
  if (relation === 'other') return own;
  const { declared, concluded, supplier, homepage, summary, copyright, checksums, cpes, vex } = theirs;
  const upstream = {
    cpes,
    ...(supplier === undefined ? {} : { supplier }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(summary === undefined ? {} : { summary }),
  };
  const licence = declared === undefined ? {} : { declared };
  if (relation === 'same-upstream') {
    // OpenEmbedded writes LICENSE as declared into SPDX 2.2, and as concluded into SPDX 3.0.
    const isSilent = own.declared === undefined && declared === undefined && concluded !== undefined;
    return {
      ...licence,
      ...own,
      ...upstream,
      ...(isSilent ? { concluded } : {}),
      ...(vex === undefined ? {} : { vex: vex.map((one) => ({ ...one, isOfOtherBuild: true as const })) }),
    };
  }
  return {
    ...own,
    ...upstream,
    ...licence,
    ...(concluded === undefined ? {} : { concluded }),
    ...(copyright === undefined ? {} : { copyright }),
    ...(vex === undefined ? {} : { vex }),
    checksums: checksums.length > 0 ? checksums : own.checksums,
  };
}
