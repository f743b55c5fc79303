import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { sha256File } from '../core/digest.ts';
import { HarnessError, messageOf } from '../core/errors.ts';
import { parseStored } from '../core/stored.ts';
import { breakages, type FileRef, type ImageBoot, type ImageManifest } from '../model/image.ts';
import { machineNames } from '../model/machine.ts';

const fileRef = z.strictObject({ path: z.string(), sha256: z.string(), bytes: z.int().min(0) });

/** A manifest as it is stored. */
export const manifestSchema: z.ZodType<ImageManifest> = z.strictObject({
  format: z.literal(2),
  name: z.string(),
  machine: z.enum(machineNames),
  key: z.string(),
  boot: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('firmware'), attach: z.enum(['bios', 'pflash']), code: fileRef }),
    z.strictObject({ kind: z.literal('builtin') }),
    z.strictObject({
      kind: z.literal('kernel'),
      kernel: fileRef,
      initrd: fileRef.exactOptional(),
      arguments: z.string(),
    }),
  ]),
  qemu: z.strictObject({
    memoryMiB: z.int().min(1).exactOptional(),
    machineOptions: z.array(z.string()).exactOptional(),
  }),
  disks: z.array(
    z.strictObject({
      id: z.string(),
      attach: z.enum(['virtio-blk', 'pflash', 'machine']),
      cache: z.enum(['writeback', 'writethrough']),
    }),
  ),
  slots: z.array(
    z.strictObject({
      name: z.string(),
      disk: z.string(),
      offset: z.int().min(0),
      length: z.int().min(0),
      root: z.string(),
    }),
  ),
  ssh: z.strictObject({
    user: z.string(),
    privateKey: z.string().exactOptional(),
    password: z.string().exactOptional(),
    hostKeySha256: z.string().exactOptional(),
  }),
  releases: z.record(
    z.string(),
    z.strictObject({
      version: z.string(),
      factory: z.record(z.string(), fileRef).exactOptional(),
      installed: z.array(z.string()).exactOptional(),
      content: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('slot'), sha256: z.string(), bytes: z.int().min(0) }),
        z.strictObject({
          kind: z.literal('files'),
          files: z.record(z.string(), z.string()),
          system: z.string().exactOptional(),
        }),
        z.strictObject({ kind: z.literal('packages'), list: fileRef }),
        z.strictObject({ kind: z.literal('unknown') }),
      ]),
      bundles: z.record(z.string(), fileRef),
      broken: z.enum(breakages).exactOptional(),
      apart: z.literal(true).exactOptional(),
      feed: z.record(z.string(), fileRef).exactOptional(),
      module: z
        .strictObject({
          part: z.string(),
          name: z.string(),
          metadata: z.record(z.string(), z.string()),
          path: z.string(),
        })
        .exactOptional(),
    }),
  ),
  health: z.string().exactOptional(),
  places: z
    .strictObject({
      boot: z.string().exactOptional(),
      data: z.string().exactOptional(),
      environment: z
        .array(
          z.strictObject({
            path: z.string(),
            offset: z.int().min(0).exactOptional(),
            bytes: z.int().min(1).exactOptional(),
          }),
        )
        .exactOptional(),
    })
    .exactOptional(),
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
    manifest = parseStored(await readFile(path, 'utf8'), manifestSchema);
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
export function manifestFiles(manifest: ImageManifest): FileRef[] {
  const files = bootFiles(manifest.boot);
  if (manifest.probe !== undefined) files.push(manifest.probe.kernel, manifest.probe.initrd);
  for (const release of Object.values(manifest.releases)) {
    const { factory = {}, bundles, feed = {}, content } = release;
    files.push(...Object.values(factory), ...Object.values(bundles), ...Object.values(feed));
    if (content.kind === 'packages') files.push(content.list);
  }
  return [...new Map(files.map((file) => [file.path, file])).values()];
}

/** What a machine's first code is read from. */
export function bootFiles(boot: ImageBoot): FileRef[] {
  if (boot.kind === 'builtin') return [];
  if (boot.kind === 'firmware') return [boot.code];
  return boot.initrd === undefined ? [boot.kernel] : [boot.kernel, boot.initrd];
}

/** The same manifest with every path changed. */
export function mapPaths(manifest: ImageManifest, change: (path: string) => string): ImageManifest {
  const file = (one: FileRef): FileRef => ({ ...one, path: change(one.path) });
  const files = (all: Record<string, FileRef>) =>
    Object.fromEntries(Object.entries(all).map(([key, one]) => [key, file(one)]));
  const { probe, ssh } = manifest;
  return {
    ...manifest,
    boot: mapBoot(manifest.boot, file),
    ssh: { ...ssh, ...(ssh.privateKey === undefined ? {} : { privateKey: change(ssh.privateKey) }) },
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
          ...(release.feed === undefined ? {} : { feed: files(release.feed) }),
          content:
            release.content.kind === 'packages'
              ? { ...release.content, list: file(release.content.list) }
              : release.content,
        },
      ]),
    ),
  };
}

function mapBoot(boot: ImageBoot, file: (one: FileRef) => FileRef): ImageBoot {
  if (boot.kind === 'builtin') return boot;
  if (boot.kind === 'firmware') return { ...boot, code: file(boot.code) };
  const { kernel, initrd } = boot;
  return { ...boot, kernel: file(kernel), ...(initrd === undefined ? {} : { initrd: file(initrd) }) };
}

async function checkLength({ path, bytes }: FileRef): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw damaged(path, 'is not there');
  if (found.size !== bytes) throw damaged(path, `has ${found.size} bytes instead of ${bytes}`);
}

/** A file of an image that is not as it was built. */
export function damaged(path: string, what: string, cause?: unknown): HarnessError {
  return new HarnessError('image-damaged', `${path} ${what}`, {
    cause,
    hint: 'brownout cache verify --remove takes away what is damaged; then build the image again',
  });
}
