import { join } from 'node:path';
import { hold } from '../core/holds.ts';
import { cacheRoot } from '../core/paths.ts';
import type { ReleaseSpec } from '../model/image.ts';
import { wrongCommit } from './ostree/wrong-commit.ts';
import { ownImages } from './own-images.ts';
import { type Wrong, type WrongBundle, type WrongOptions, wrongBundle } from './wrong-bundle.ts';

/** Which branch's newest commit, and what is to be wrong with it. */
export interface WrongCommit {
  release: string;
  branch: string;
  wrong: Wrong;
}

/** What agents are offered of a release that is wrong. */
export type WrongOffer = Pick<ReleaseSpec, 'bundles' | 'feed'>;

/** Makes what devices must not take of a release, for agents of one kind of source; or says in words why it cannot be made. */
export async function wrongRelease(
  options: WrongOptions,
  wanted: WrongBundle | WrongCommit,
): Promise<WrongOffer | string> {
  if (!('branch' in wanted)) {
    const made = await wrongBundle(options, wanted);
    return typeof made === 'string' ? made : { bundles: { [wanted.format]: made } };
  }
  const { manifest, cache = cacheRoot() } = options;
  const places = { keys: join(ownImages, 'keys'), folder: join(cache, 'work', 'wrong-commits') };
  await hold(cache, [places.folder]);
  const feed = await wrongCommit(manifest.releases[wanted.release] ?? {}, wanted, places);
  return typeof feed === 'string' ? feed : { bundles: {}, feed };
}
