import { sign } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { sha256 } from '../../core/digest.ts';
import { ScenarioError } from '../../core/errors.ts';
import { keysOf } from '../../core/keys.ts';
import { type NewTarEntry, packTar, readTar } from '../../package/archive/tar.ts';
import { seededBytes } from '../seeded-bytes.ts';
import type { BundleFormat, BundleInputs } from './bundle-format.ts';
import { lookAtMender } from './look-at-mender.ts';
import { privateKey } from './private-key.ts';

const payload = 'data/0000.tar.gz';
const header = 'header.tar.gz';
/** State scripts must be programs; Mender looks at the mode of nothing else. */
const program = 0o755;
const readable = 0o644;

interface Part {
  path: string;
  content: Buffer;
}

/** What an artifact brings: a slot's image, or one file of an application, for Mender's update module of that name. */
type Payload = 'rootfs-image' | 'single-file';

/** Where the application's file goes. */
const application = { folder: '/data/app', name: 'gateway', bytes: 1 << 20 };

/**
 * A Mender Artifact (version 3 of the format), made and signed by mender-artifact 3.9. What it leaves to chance is put right
 * afterwards: the times of the outer archive's entries, owners within the payload, which neither manifest nor signature cover,
 * and the owners of state scripts, which both cover, so that these are made again. So its bytes depend on the inputs only.
 */
export function menderBundle(kind: Payload): BundleFormat {
  return {
    extension: 'mender',
    async make({
      tools,
      build,
      compatible,
      version,
      image,
      imageSha256,
      key,
      unsigned,
      epoch,
      stateScripts = {},
      needs = {},
    }) {
      const signer = await pkcs1(key);
      const inputs = {
        step: keysOf(stateScripts).length === 0 ? 2 : 3,
        kind,
        compatible,
        version,
        imageSha256,
        signer: sha256(signer),
        epoch,
        tools: tools.key,
        ...(unsigned === true ? { unsigned } : {}),
        ...(keysOf(stateScripts).length === 0 ? {} : { stateScripts }),
        ...(keysOf(needs).length === 0 ? {} : { needs }),
      };
      const folder = await build.run('mender', inputs, async (out) => {
        const staging = join(out, 'staging');
        await mkdir(staging);
        const signedBy = join(staging, 'key.pem');
        await writeFile(signedBy, signer, { mode: 0o600 });
        const files = kind === 'rootfs-image' ? ['rootfs.ext4'] : await writeApplication(staging, version);
        if (kind === 'rootfs-image') await copyFile(image, join(staging, 'rootfs.ext4'));
        for (const name of files) await utimes(join(staging, name), epoch, epoch);
        const what = kind === 'rootfs-image' ? [kind, '--no-progress'] : ['module-image', '-T', kind];
        const from = files.flatMap((name) => ['-f', join(staging, name)]);
        const made = join(staging, 'made.mender');
        const signing = unsigned === true ? [] : ['-k', signedBy];
        const scripts = await writeScripts(staging, stateScripts, epoch);
        const depends = Object.entries(needs).flatMap(([name, value]) => ['--depends', `${name}:${value}`]);
        const options = ['-t', compatible, '-n', version, ...signing, ...scripts, ...depends, '-o', made];
        await tools.run('usr/bin/mender-artifact', ['write', ...what, ...from, ...options]);
        const again = scripts.length === 0 ? { epoch } : { epoch, signer };
        await fix(tools, made, join(out, 'update.mender'), again);
        await rm(staging, { recursive: true });
      });
      return join(folder, 'update.mender');
    },
    lookAt: lookAtMender,
    async assertSigner({ key }) {
      await pkcs1(key);
    },
    // The second file of the archive is the manifest, behind a version of one block; it begins with a checksum.
    metadataAt: () => 3 * 512,
  };
}

/**
 * What the module single-file takes: the file, where it goes, and its mode. The file's first line says of which release it is,
 * its last one has the SHA-256 of all before, so that a device can tell whether it is whole.
 */
async function writeApplication(folder: string, version: string): Promise<string[]> {
  const content = Buffer.concat([
    Buffer.from(`release ${version}\n`),
    seededBytes(`application ${version}`, application.bytes),
  ]);
  const files = {
    dest_dir: `${application.folder}\n`,
    filename: `${application.name}\n`,
    permissions: '644\n',
    [application.name]: Buffer.concat([content, Buffer.from(`\n${sha256(content)}\n`)]),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return Object.keys(files);
}

/** The state scripts as files, and the options that name them: mender-artifact refuses names that Mender would pass over. */
async function writeScripts(
  staging: string,
  scripts: Readonly<Record<string, string>>,
  epoch: number,
): Promise<string[]> {
  const folder = join(staging, 'scripts');
  await mkdir(folder);
  const options: string[] = [];
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(folder, name), text, { mode: 0o755 });
    await utimes(join(folder, name), epoch, epoch);
    options.push('-s', join(folder, name));
  }
  return options;
}

/** Writes an artifact again as it is to be; with `signer`, the key in PEM, its header and what depends on that too. */
async function fix(
  tools: Pick<BundleInputs['tools'], 'run'>,
  made: string,
  path: string,
  { epoch, signer }: { epoch: number; signer?: string },
): Promise<void> {
  const entries = await contents(await readFile(made));
  const repacked: Part[] = [];
  for (const { path: name, content } of entries) {
    const again = name === payload || (name === header && signer !== undefined);
    repacked.push({ path: name, content: again ? await repack(tools, content, path, epoch) : content });
  }
  const parts = signer === undefined ? repacked : signedAgain(repacked, signer);
  await pipeline(packTar(asFiles(parts), epoch), createWriteStream(path));
}

/** A compressed archive of files with the same files, which belong to nobody in particular. */
async function repack(
  tools: Pick<BundleInputs['tools'], 'run'>,
  zipped: Buffer,
  path: string,
  epoch: number,
): Promise<Buffer> {
  const archive = `${path}.part`;
  await pipeline(packTar(asFiles(await contents(gunzipSync(zipped))), epoch), createWriteStream(archive));
  await tools.run('usr/bin/gzip', ['-n', '-6', archive]);
  const again = await readFile(`${archive}.gz`);
  await rm(`${archive}.gz`);
  return again;
}

/** The parts with a manifest that has the header's sum as it is now, and its signature where there was one: PKCS #1 v1.5, Base64. */
function signedAgain(parts: readonly Part[], signer: string): Part[] {
  const found = (name: string) => parts.find(({ path }) => path === name)?.content ?? Buffer.alloc(0);
  const manifest = Buffer.from(
    found('manifest')
      .toString()
      .replace(/^[0-9a-f]{64}(?= {2}header\.tar\.gz$)/m, sha256(found(header))),
  );
  const signed: Record<string, Buffer> = {
    manifest,
    'manifest.sig': Buffer.from(sign('sha256', manifest, signer).toString('base64')),
  };
  return parts.map(({ path, content }) => ({ path, content: signed[path] ?? content }));
}

function asFiles(entries: readonly Part[]): NewTarEntry[] {
  return entries.map((one) => ({
    ...one,
    type: 'file',
    mode: one.path.startsWith('scripts/') ? program : readable,
  }));
}

/** The files of a tar archive, in order, by the names that they have there. */
async function contents(archive: Buffer): Promise<Part[]> {
  const files: Part[] = [];
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
  const key = await privateKey(path);
  const { asymmetricKeyType: type = 'unknown' } = key;
  if (type === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  throw new ScenarioError(
    'signing-key',
    `${path} is a key of type ${type}, and artifacts of Mender are signed here with RSA alone: mender-artifact 3.9 takes RSA keys in PKCS #1, and signatures of other keys are never the same twice`,
  );
}
