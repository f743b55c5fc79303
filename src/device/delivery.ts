import type { ReleaseSource } from '../agents/agent.ts';
import type { FileRef, PackageContents, ReleaseSpec } from '../model/image.ts';

/** What an image offers of a release to update agents. */
export interface Offer extends Pick<ReleaseSpec, 'version' | 'bundles' | 'feed' | 'module'> {
  /** Paths of its feed that no release has which it goes on from: what of a repository a device does not have yet. */
  brought?: readonly string[];
}

/** A file of the server: its URL path without the first slash, and its name for people. */
export interface ServedFile {
  path: string;
  what: string;
  /** The same, with what kind of file it is: `the verity bundle of 2.0`. */
  inFull: string;
  bytes: number;
}

/** How releases reach agents that take them from one kind of source. */
export interface Delivery {
  /** What is missing for such an agent, as an error says it of a release; undefined where nothing is. */
  lack: (
    offer: Offer,
    agent: string,
  ) => { code: 'unknown-bundle' | 'unknown-feed'; message: string } | undefined;
  /** Everything that a device may be given of a release. */
  files: (offer: Offer) => FileRef[];
  /** A release as the agent is given it; `path` is its place on the server. `contents`: what its feed has. */
  source: (
    offer: Offer,
    contents: readonly PackageContents[],
  ) => Pick<ReleaseSource, 'folders' | 'packages'> & { path: string };
  /** The files in which a fault of the server may be, the largest first: of these packages, or those that each upgrade reads. */
  faultable: (offer: Offer, packages?: readonly PackageContents[]) => ServedFile[];
}
