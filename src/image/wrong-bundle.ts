import { copyFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../core/paths.ts';
import type { FileRef, ImageManifest } from '../model/image.ts';
import { BuildCache } from './build-cache.ts';
import { bundleSettings } from './bundle-settings.ts';
import type { BundleFormat, BundleInputs } from './bundles/bundle-format.ts';
import { bundleFormatNames, bundleFormats } from './bundles/index.ts';
import { readDescription } from './description.ts';
import { mib } from './disk/partitions.ts';
import { ownImages } from './own-images.ts';
import { lockedSetOf, readLock } from './packages/lock.ts';
import { fetchSet } from './packages/packages.ts';
import { unpackSet } from './packages/unpack.ts';
import { Tools } from './tools.ts';

/** What a script that a bundle brings along does, and when: before the release is written, after it, or when it is confirmed. */
type ScriptFault =
  | 'script fails'
  | 'script hangs'
  | 'script waits'
  | 'script fails late'
  | 'script fails at commit';

/**
 * How a bundle is not what devices must take: nobody has signed it; somebody has whom the image does not trust; it is for
 * another machine; its image is larger than a slot; one bit of what describes it is another, after it was signed; or a
 * script of its own says no. All else is as in the good one.
 */
export type Wrong =
  | 'unsigned'
  | 'stranger'
  | 'other machine'
  | 'too big'
  | 'metadata'
  | 'needs more'
  | ScriptFault;

/** Which bundle, and what is to be wrong with it. */
export interface WrongBundle {
  release: string;
  format: string;
  wrong: Wrong;
}

/**
 * As Mender's state scripts, the only ones that a bundle format has: named by the state that they are of. Exit code 21 asks
 * for another try.
 */
const faultyScripts: Record<ScriptFault, { name: string; line: string }> = {
  'script fails': { name: 'ArtifactInstall_Enter_10_brownout', line: 'exit 1' },
  'script hangs': { name: 'ArtifactInstall_Enter_10_brownout', line: 'while :; do sleep 60; done' },
  'script waits': {
    name: 'ArtifactInstall_Enter_10_brownout',
    line: 'mkdir /run/brownout-waited && exit 21; exit 0',
  },
  'script fails late': { name: 'ArtifactInstall_Leave_90_brownout', line: 'exit 1' },
  'script fails at commit': { name: 'ArtifactCommit_Enter_10_brownout', line: 'exit 1' },
};

/** Signer of the folder of test keys that no image trusts. */
const stranger = { certificate: 'stranger.cert.pem', key: 'stranger.key.pem' };

/** Of which image, and where its description and what is built lie. */
export interface WrongOptions {
  manifest: ImageManifest;
  imagesRoot?: string;
  cache?: string;
  signal?: AbortSignal | undefined;
}

/**
 * Makes a wrong bundle of a release of an image that was built here, or finds it in the cache; its bytes depend on the image
 * only. Returns in words why there is none: the image is prebuilt, or its bundle format knows no such thing.
 */
export async function wrongBundle(
  { manifest, imagesRoot = ownImages, cache = cacheRoot(), signal }: WrongOptions,
  { release, format, wrong }: WrongBundle,
): Promise<FileRef | string> {
  const { name, machine, slots } = manifest;
  const description = await readDescription(imagesRoot, name);
  if (!('bundles' in description))
    return 'the image was not built here, and only its maker can sign another bundle';
  const known = bundleFormatNames.find((one) => one === format);
  const { bundles } = manifest.releases[release] ?? {};
  const [good, raw] = [bundles?.[format], bundles?.['raw']];
  if (known === undefined || good === undefined || raw === undefined)
    return `the image has no ${format} bundle of ${release}, or not the slot's bytes that it is made from`;
  const build = new BuildCache(cache, signal);
  const lockPath = join(imagesRoot, name, 'lock.json');
  const locked = lockedSetOf(await readLock(lockPath), 'tools', lockPath);
  const set = await fetchSet(locked, { cache, frozen: false, signal, onReplaced: () => undefined });
  const keys = join(imagesRoot, 'keys');
  const inputs: WrongInputs = {
    tools: new Tools(await unpackSet(set, cache, build, signal), set, description.epoch, signal),
    build,
    compatible: `${description.bundles.compatible}-${machine}`,
    version: release,
    slots,
    image: raw.path,
    imageSha256: raw.sha256,
    certificate: join(keys, description.bundles.certificate),
    key: join(keys, description.bundles.key),
    epoch: description.epoch,
    ...(await bundleSettings(description, join(imagesRoot, name))),
  };
  const slotBytes = Math.max(...slots.map(({ length }) => length));
  return makeWrong(bundleFormats[known], inputs, { wrong, keys, slotBytes, good });
}

type WrongInputs = BundleInputs & { build: Pick<BuildCache, 'run' | 'digest'> };

/** What a wrong bundle is made of besides what the good one is. */
interface Given {
  wrong: Wrong;
  keys: string;
  slotBytes: number;
  good: FileRef;
}

/** The same for any format: it is asked for a bundle of other inputs. Its own refusal to differ is a reason. */
export async function makeWrong(
  { make, metadataAt }: Pick<BundleFormat, 'make' | 'metadataAt'>,
  inputs: WrongInputs,
  given: Given,
): Promise<FileRef | string> {
  if (given.wrong === 'metadata' && metadataAt === undefined)
    return 'the bundle format has nothing that describes a release';
  const path =
    given.wrong === 'metadata' && metadataAt !== undefined
      ? await withWrongMetadata(inputs, given.good, metadataAt)
      : await make({ ...inputs, ...(await difference(inputs, given)) });
  const sha256 = await inputs.build.digest(path);
  if (sha256 === given.good.sha256) return `the bundle format knows no bundle that is ${given.wrong}`;
  return { path, sha256, bytes: (await stat(path)).size };
}

/** The good bundle, with one bit of its metadata turned. */
async function withWrongMetadata(
  { build }: WrongInputs,
  good: FileRef,
  metadataAt: (bundle: Buffer) => number,
): Promise<string> {
  const folder = await build.run('wrong metadata', { version: 1, good: good.sha256 }, async (out) => {
    const bundle = await readFile(good.path);
    const at = metadataAt(bundle);
    bundle.writeUInt8(bundle.readUInt8(at) ^ 1, at);
    await writeFile(join(out, 'bundle'), bundle);
  });
  return join(folder, 'bundle');
}

async function difference(
  { build, compatible, image, imageSha256, stateScripts = {} }: WrongInputs,
  { wrong, keys, slotBytes }: Given,
): Promise<Partial<BundleInputs>> {
  switch (wrong) {
    case 'unsigned':
      return { unsigned: true };
    case 'stranger':
      return { certificate: join(keys, stranger.certificate), key: join(keys, stranger.key) };
    case 'other machine':
      return { compatible: `${compatible}-2` };
    case 'metadata':
      return {};
    case 'needs more':
      return { needs: { 'brownout.absent': '1' } };
    case 'too big': {
      const bytes = slotBytes + mib;
      const folder = await build.run('grown slot', { version: 1, imageSha256, bytes }, async (out) => {
        await copyFile(image, join(out, 'slot.ext4'));
        await truncate(join(out, 'slot.ext4'), bytes);
      });
      const grown = join(folder, 'slot.ext4');
      return { image: grown, imageSha256: await build.digest(grown) };
    }
    case 'script fails':
    case 'script hangs':
    case 'script waits':
    case 'script fails late':
    case 'script fails at commit': {
      const { name, line } = faultyScripts[wrong];
      return { stateScripts: { ...stateScripts, [name]: `#!/bin/sh\n${line}\n` } };
    }
  }
}
