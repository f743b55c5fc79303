import type { ImageRelation, SystemPackage } from './system-sbom.ts';

const relations: Readonly<Record<ImageRelation, string>> = {
  same: 'The same as in the document of the image.',
  'same-upstream':
    'Of the same upstream version as in the document of the image: another build of it, or one whose revision that document does not say.',
  other: 'Of another version than in the document of the image, or of one that that document does not say.',
};

/** What SPDX has no field for, as a package's comment. */
export function commentOf({ installed: { architecture, state }, image }: SystemPackage): string {
  return [
    `Architecture: ${architecture}.`,
    ...(state === 'installed' ? [] : [`State: ${state}; the installation was not completed.`]),
    ...(image === undefined ? [] : [relations[image.relation]]),
  ].join(' ');
}

/** What a package was built from, as SPDX's sourceInfo. */
export function sourceInfoOf({ installed: { source } }: SystemPackage): string | undefined {
  return source === undefined ? undefined : `built from ${source}`;
}
