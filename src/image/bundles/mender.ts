import { createPrivateKey, type KeyObject } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { copyFile, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { sha256 } from '../../core/digest.ts';
import { ScenarioError } from '../../core/errors.ts';
import { packTar, readTar } from '../../package/archive/tar.ts';
import type { BundleFormat, BundleInputs } from './bundle-format.ts';

const imageName = 'rootfs.ext4';
const payload = 'data/0000.tar.gz';
const readable = 0o644;

/**
 * A Mender Artifact with one rootfs-image (version 3 of the format), made and signed by mender-artifact 3.9. What it leaves
 * to chance is put right afterwards, outside of what its manifest and signature cover: the times of the outer archive's
 * entries, and the owner of the image within the payload. So its bytes depend on the inputs only.
 */
export const menderBundle: BundleFormat = {
  extension: 'mender',
  async make({ tools, build, compatible, version, image, imageSha256, key, epoch }) {
    const signer = await pkcs1(key);
    const inputs = {
      step: 1,
      compatible,
      version,
      imageSha256,
      signer: sha256(signer),
      epoch,
      tools: tools.key,
    };
    const folder = await build.run('mender', inputs, async (out) => {
      const at = (name: string) => join(out, name);
      await writeFile(at('key.pem'), signer, { mode: 0o600 });
      await copyFile(image, at(imageName));
      await utimes(at(imageName), epoch, epoch);
      const what = ['-t', compatible, '-n', version, '-f', at(imageName), '-k', at('key.pem')];
      const command = ['write', 'rootfs-image', ...what, '-o', at('made.mender'), '--no-progress'];
      await tools.run('usr/bin/mender-artifact', command);
      await rm(at('key.pem'));
      await rm(at(imageName));
      await fix(tools, out, epoch);
    });
    return join(folder, 'update.mender');
  },
};

/** Writes `update.mender` in a folder that has a `made.mender`, and takes that away. */
async function fix(tools: Pick<BundleInputs['tools'], 'run'>, folder: string, epoch: number): Promise<void> {
  const made = join(folder, 'made.mender');
  const entries = await contents(await readFile(made));
  await rm(made);
  const image = join(folder, imageName);
  const repacked = entries.map(async ({ path, content }) => {
    if (path !== payload) return { path, content };
    const inner = (await contents(gunzipSync(content))).map(
      (one) => ({ ...one, type: 'file', mode: readable }) as const,
    );
    await pipeline(packTar(inner, epoch), createWriteStream(image));
    await tools.run('usr/bin/gzip', ['-n', '-6', image]);
    const zipped = await readFile(`${image}.gz`);
    await rm(`${image}.gz`);
    return { path, content: zipped };
  });
  const files = (await Promise.all(repacked)).map(
    (one) => ({ ...one, type: 'file', mode: readable }) as const,
  );
  await pipeline(packTar(files, epoch), createWriteStream(join(folder, 'update.mender')));
}

/** The files of a tar archive, in order, by the names that they have there. */
async function contents(archive: Buffer): Promise<{ path: string; content: Buffer }[]> {
  const files: { path: string; content: Buffer }[] = [];
  const input = (async function* () {
    yield await Promise.resolve(archive);
  })();
  for await (const entry of readTar(input)) {
    const parts: Buffer[] = [];
    for await (const part of entry.content) parts.push(part);
    files.push({ path: entry.path.slice(1), content: Buffer.concat(parts) });
  }
  return files;
}

/**
 * An RSA key in the one form that mender-artifact 3.9 takes: of PKCS #8 it says "unsupported private key type".
 * Throws ScenarioError `signing-key`.
 */
async function pkcs1(path: string): Promise<string> {
  const pem = await readFile(path, 'utf8');
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new ScenarioError(
      'signing-key',
      `${path} is no private key that can be read: PEM, without a passphrase`,
      { cause },
    );
  }
  const { asymmetricKeyType: type = 'unknown' } = key;
  if (type === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  throw new ScenarioError(
    'signing-key',
    `${path} is a key of type ${type}, and artifacts of Mender are signed here with RSA alone: mender-artifact 3.9 takes RSA keys in PKCS #1, and signatures of other keys are never the same twice`,
  );
}
