import { createHash } from 'node:crypto';
import { appendFile, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/digest.ts';
import type { BundleFormat, BundleInputs } from './bundle-format.ts';
import { assertCmsSigner, signCms } from './cms.ts';
import { lookAtRauc } from './look-at-rauc.ts';
import { verityTree } from './verity.ts';

/** A RAUC bundle of one of its formats (RAUC 1.13, docs "Bundle Formats"). */
export function raucBundle(format: 'verity' | 'plain'): BundleFormat {
  return {
    extension: 'raucb',
    async make(inputs) {
      const { tools, build, compatible, version, image, imageSha256, certificate, key, epoch } = inputs;
      const { unsigned, imageName } = inputs;
      const signer = [sha256(await readFile(certificate)), sha256(await readFile(key))];
      const common = {
        ...{ format, compatible, version, imageSha256, epoch },
        ...(unsigned === true ? { unsigned } : {}),
        ...(imageName === undefined ? {} : { imageName }),
      };
      const part = { step: 1, ...common, signer, tools: tools.key };
      const folder = await build.run('bundle', part, (out) =>
        writeBundle(tools, join(out, 'bundle.raucb'), { ...common, image, certificate, key }),
      );
      return join(folder, 'bundle.raucb');
    },
    lookAt: lookAtRauc,
    assertSigner: assertCmsSigner,
    // At the end are the signature, which has the manifest within it or vouches for all, and its length.
    metadataAt: (bundle) => {
      const signature = Number(bundle.readBigUInt64BE(bundle.length - 8));
      return bundle.length - 8 - signature + Math.min(128, Math.floor(signature / 2));
    },
  };
}

type RaucTools = BundleInputs['tools'];
type BundleOptions = Omit<BundleInputs, 'tools' | 'build' | 'epoch' | 'slots'> & {
  format: 'verity' | 'plain';
};

const usualName = 'rootfs.ext4';

/**
 * Writes a RAUC bundle whose bytes depend on the options only: RAUC's own `bundle` command draws a salt
 * and notes the time. Layout (RAUC 1.13, docs "Bundle Formats"): squashfs; for `verity` its hash tree; a
 * CMS signature; its length as 8 bytes, big-endian. The signature has no signed attributes, hence no time.
 */
async function writeBundle(tools: RaucTools, path: string, options: BundleOptions): Promise<void> {
  const staging = `${path}.files`;
  await mkdir(staging);
  await link(options.image, join(staging, options.imageName ?? usualName));
  const { size } = await stat(options.image);
  const manifest = manifestText(options, size);
  if (options.format === 'plain') await writeFile(join(staging, 'manifest.raucm'), manifest);
  await squash(tools, staging, path);
  await rm(staging, { recursive: true });
  const signature =
    options.format === 'plain'
      ? await signatureOf(tools, path, true, options)
      : await addTree(tools, path, manifest, options);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(signature.length));
  await appendFile(path, Buffer.concat([signature, length]));
}

function manifestText(
  { compatible, version, imageSha256, imageName = usualName }: BundleOptions,
  size: number,
): string {
  return [
    '[update]',
    `compatible=${compatible}`,
    `version=${version}`,
    '',
    `[image.${imageName.replace(/\..*$/, '')}]`,
    `sha256=${imageSha256}`,
    `size=${size}`,
    `filename=${imageName}`,
    '',
  ].join('\n');
}

/** Times come from SOURCE_DATE_EPOCH, which mksquashfs takes for the file system and all files in it. */
async function squash(tools: RaucTools, staging: string, path: string): Promise<void> {
  const compression = ['-comp', 'zstd', '-Xcompression-level', '3', '-b', '131072'];
  const fixed = ['-reproducible', '-all-root', '-root-mode', '755', '-no-xattrs', '-no-exports'];
  await tools.run('usr/bin/mksquashfs', [
    staging,
    path,
    '-noappend',
    '-quiet',
    '-no-progress',
    ...compression,
    ...fixed,
  ]);
}

/** Appends the hash tree and signs a manifest that names its root; the salt follows from the content. */
async function addTree(
  tools: RaucTools,
  path: string,
  manifest: string,
  options: BundleOptions,
): Promise<Buffer> {
  const data = await readFile(path);
  const salt = createHash('sha256').update('brownout verity salt').update(data).digest();
  const { rootHash, tree } = verityTree(data, salt);
  await appendFile(path, tree);
  const section = [
    '',
    '[bundle]',
    'format=verity',
    `verity-hash=${rootHash}`,
    `verity-salt=${salt.toString('hex')}`,
    `verity-size=${tree.length}`,
    '',
  ];
  const signed = `${path}.manifest`;
  await writeFile(signed, `${manifest}${section.join('\n')}`);
  const signature = await signatureOf(tools, signed, false, options);
  await rm(signed);
  return signature;
}

/** An unsigned bundle has its manifest as it is where the signature would be; a plain one has nothing there. */
function signatureOf(
  tools: RaucTools,
  path: string,
  detached: boolean,
  options: BundleOptions,
): Promise<Buffer> {
  if (options.unsigned !== true) return signCms(tools, path, detached, options);
  return detached ? Promise.resolve(Buffer.alloc(0)) : readFile(path);
}
