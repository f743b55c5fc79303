import type { SlotSpec } from '../../model/image.ts';
import type { ByteSource } from '../../package/archive/byte-source.ts';
import type { BuildCache } from '../build-cache.ts';
import type { Tools } from '../tools.ts';

/** What the bundle of one release is made from. */
export interface BundleInputs {
  tools: Pick<Tools, 'run' | 'key'>;
  build: Pick<BuildCache, 'run'>;
  /** What the devices call themselves, so that no other kind of device takes the bundle. */
  compatible: string;
  version: string;
  /** Where a device may put it. */
  slots: readonly Pick<SlotSpec, 'name' | 'root'>[];
  /** File system image for the slot, and its SHA-256. */
  image: string;
  imageSha256: string;
  /** What a bundle calls the image; a format that gives it no name need not look. Absent: `rootfs.ext4`. */
  imageName?: string;
  /** PEM files of the signer. */
  certificate: string;
  key: string;
  /** Whether the signature is to be left out: a bundle that devices must refuse. A format that signs nothing need not look. */
  unsigned?: true;
  /** What a device must already have for the release, by name and version; a format that knows of no such thing need not look. */
  needs?: Readonly<Record<string, string>>;
  /** SOURCE_DATE_EPOCH. */
  epoch: number;
  /** Programs that the agent runs on its way, by their names; a format that knows none need not look. Absent: none. */
  stateScripts?: Readonly<Record<string, string>>;
}

/** One way to pack a release for an update agent. */
export interface BundleFormat {
  /** Of the file's name, without a dot. */
  extension: string;
  /** Makes the bundle, or finds it among the parts that are there; returns its path. Its bytes depend on the inputs only. */
  make: (inputs: BundleInputs) => Promise<string>;
  /**
   * Why a file that somebody else has made is none, in words that begin with "it": as far as its ends, names and lengths show it.
   * Undefined where nothing does; whether a bundle is good is the device's to say. Absent of a format that any file may have.
   */
  lookAt?: (file: ByteSource) => Promise<string | undefined>;
  /**
   * Looks whether keys are such as bundles of this format can be signed with, before anything is made. Throws ScenarioError
   * `signing-key`. Absent of a format that signs nothing.
   */
  assertSigner?: (signer: Pick<BundleInputs, 'certificate' | 'key'>) => Promise<void>;
  /** A byte of what describes the release, and is signed; absent of a format that has nothing of the kind. */
  metadataAt?: (bundle: Buffer) => number;
}
