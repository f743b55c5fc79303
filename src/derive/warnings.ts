import type { Output } from './release.ts';
import type { SourceFeed } from './source.ts';

/** What a release has that no build would make, although the recipe says so. */
export function warningsOf({ packages }: SourceFeed, outputs: readonly Output[]): string[] {
  const before = new Set(packages.flatMap(({ metadata }) => metadata.offers()));
  const after = new Set(outputs.flatMap(({ metadata }) => metadata.offers()));
  return outputs.flatMap(({ name, version, oldVersion, metadata, make, what }) => {
    const lost = metadata
      .needs()
      .filter((names) => names.some((one) => before.has(one)) && !names.some((one) => after.has(one)))
      .map((names) => `${name} depends on ${names.join(' | ')}, which the new release does not have`);
    const stuck =
      make.kind === 'edited' && version === oldVersion && what.includes('relations moved')
        ? [
            `${name} depends on an exact version that moved, but keeps its own: a device with ${name} ${version} would not ` +
              'take it; give it a new version as well',
          ]
        : [];
    return [...lost, ...stuck];
  });
}
