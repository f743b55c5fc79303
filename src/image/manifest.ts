import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { sha256File } from '../core/digest.ts';
import { HarnessError, messageOf } from '../core/errors.ts';
import type { FileRef, ImageManifest } from '../model/image.ts';
import { machineNames } from '../model/machine.ts';

const fileRef = z.strictObject({ path: z.string(), sha256: z.string(), bytes: z.number() });

const manifestSchema: z.ZodType<ImageManifest> = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  machine: z.enum(machineNames),
  key: z.string(),
  firmware: z.strictObject({ attach: z.enum(['bios', 'pflash']), code: fileRef }),
  qemu: z.strictObject({ memoryMiB: z.number().exactOptional() }),
  disks: z.array(
    z.strictObject({
      id: z.string(),
      attach: z.enum(['virtio-blk', 'pflash']),
      cache: z.enum(['writeback', 'writethrough']),
    }),
  ),
  slots: z.array(
    z.strictObject({
      name: z.string(),
      disk: z.string(),
      offset: z.number(),
      length: z.number(),
      root: z.string(),
    }),
  ),
  ssh: z.strictObject({ user: z.string(), privateKey: z.string(), hostKeySha256: z.string() }),
  releases: z.record(
    z.string(),
    z.strictObject({
      version: z.string(),
      factory: z.record(z.string(), fileRef).exactOptional(),
      slotContent: z.strictObject({ sha256: z.string(), bytes: z.number() }),
      bundles: z.record(z.string(), fileRef),
    }),
  ),
  probe: z.strictObject({ kernel: fileRef, initrd: fileRef, expect: z.string() }).exactOptional(),
  packages: z.array(
    z.strictObject({ name: z.string(), version: z.string(), architecture: z.string(), sha256: z.string() }),
  ),
});

const manifestName = 'manifest.json';

/** Text of a manifest whose paths are relative to its folder. */
export function manifestText(manifest: ImageManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

export function manifestPath(folder: string): string {
  return join(folder, manifestName);
}

/**
 * Reads `<folder>/manifest.json` and returns it with absolute paths. Sees that every file is there with
 * the right length; verifyImage compares contents too. Throws HarnessError `manifest-invalid` or `image-damaged`.
 */
export async function loadManifest(folder: string): Promise<ImageManifest> {
  const path = manifestPath(folder);
  let manifest: ImageManifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new HarnessError('manifest-invalid', `${path} is not an image manifest: ${messageOf(cause)}`, {
      cause,
    });
  }
  const absolute = mapPaths(manifest, (name) => (isAbsolute(name) ? name : resolve(folder, name)));
  for (const file of manifestFiles(absolute)) await checkLength(file);
  return absolute;
}

/** Reads every file of the image again and compares its SHA-256. Throws HarnessError `image-damaged`. */
export async function verifyImage(manifest: ImageManifest): Promise<void> {
  await verifyFiles(manifestFiles(manifest));
}

/** The same for some files of an image. */
export async function verifyFiles(files: readonly FileRef[]): Promise<void> {
  for (const file of files) {
    await checkLength(file);
    if ((await sha256File(file.path)) !== file.sha256)
      throw damaged(file.path, 'has other content than when it was built');
  }
}

/** Folders below `<cache>/images` that hold a whole image. */
export async function listImages(
  cache: string,
): Promise<{ name: string; machine: string; folder: string }[]> {
  const found: { name: string; machine: string; folder: string }[] = [];
  const folders = async (path: string) => (await readdir(path).catch(() => [])).sort();
  for (const name of await folders(join(cache, 'images'))) {
    for (const machine of await folders(join(cache, 'images', name))) {
      for (const key of await folders(join(cache, 'images', name, machine))) {
        const folder = join(cache, 'images', name, machine, key);
        const whole = await stat(manifestPath(folder)).catch(() => undefined);
        if (whole !== undefined && !key.endsWith('.tmp')) found.push({ name, machine, folder });
      }
    }
  }
  return found;
}

/** Every file that the manifest names, each once. */
function manifestFiles(manifest: ImageManifest): FileRef[] {
  const files = [manifest.firmware.code];
  if (manifest.probe !== undefined) files.push(manifest.probe.kernel, manifest.probe.initrd);
  for (const release of Object.values(manifest.releases)) {
    files.push(...Object.values(release.factory ?? {}), ...Object.values(release.bundles));
  }
  return [...new Map(files.map((file) => [file.path, file])).values()];
}

/** The same manifest with every path changed. */
export function mapPaths(manifest: ImageManifest, change: (path: string) => string): ImageManifest {
  const file = (one: FileRef): FileRef => ({ ...one, path: change(one.path) });
  const files = (all: Record<string, FileRef>) =>
    Object.fromEntries(Object.entries(all).map(([key, one]) => [key, file(one)]));
  const { probe } = manifest;
  return {
    ...manifest,
    firmware: { ...manifest.firmware, code: file(manifest.firmware.code) },
    ssh: { ...manifest.ssh, privateKey: change(manifest.ssh.privateKey) },
    ...(probe === undefined
      ? {}
      : { probe: { ...probe, kernel: file(probe.kernel), initrd: file(probe.initrd) } }),
    releases: Object.fromEntries(
      Object.entries(manifest.releases).map(([version, release]) => [
        version,
        {
          ...release,
          ...(release.factory === undefined ? {} : { factory: files(release.factory) }),
          bundles: files(release.bundles),
        },
      ]),
    ),
  };
}

async function checkLength({ path, bytes }: FileRef): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw damaged(path, 'is not there');
  if (found.size !== bytes) throw damaged(path, `has ${found.size} bytes instead of ${bytes}`);
}

function damaged(path: string, what: string): HarnessError {
  return new HarnessError('image-damaged', `${path} ${what}`, {
    hint: 'remove its folder and build the image again',
  });
}
