import { resolve } from 'node:path';
import { sha256 } from '../core/digest.ts';
import { ScenarioError } from '../core/errors.ts';
import { readPrivateKey } from '../guest/private-key.ts';
import type {
  FileRef,
  ImageBoot,
  ImageManifest,
  ReleaseContent,
  ReleaseSpec,
  SshAccess,
} from '../model/image.ts';
import { type MachineName, machines } from '../model/machine.ts';
import type { PrebuiltImage, PrebuiltMachine } from './description.ts';
import { fileRef } from './file-ref.ts';
import { assertBundles, assertReadable } from './prebuilt-files.ts';
import { type InstalledSoFar, type PackageLimits, packagesOfRelease } from './prebuilt-packages.ts';
import { assertProcessor } from './prebuilt-processor.ts';
import { assertRawDisk } from './raw-disk.ts';
import { readSlotFiles } from './slot-files.ts';

const sectorBytes = 512;

/**
 * The manifest of an image that somebody else has made. Every file is read and hashed. Throws
 * ScenarioError `machine-unsupported`, `image-unreadable`, `bundle-invalid`, `image-architecture` or `image-invalid`.
 */
export async function prebuiltManifest(
  folder: string,
  name: string,
  machine: MachineName,
  { prebuilt }: PrebuiltImage,
  limits: PackageLimits,
): Promise<ImageManifest> {
  const given = prebuilt[machine];
  if (given === undefined) {
    throw new ScenarioError(
      'machine-unsupported',
      `image ${name} has nothing for ${machine}, only for ${Object.keys(prebuilt).join(', ')}`,
    );
  }
  const described = { folder, description: { prebuilt }, machine };
  await assertReadable(described);
  await assertBundles(described);
  const read = (path: string) => fileRef(resolve(folder, path));
  const releases: Record<string, ReleaseSpec> = {};
  let installed: InstalledSoFar | undefined;
  for (const [version, release] of Object.entries(given.releases)) {
    const offered = await packagesOfRelease(
      folder,
      `image ${name}, release ${version}`,
      release,
      installed,
      limits,
    );
    installed = offered ?? installed;
    if (release.slotContent !== undefined && release.slotFiles !== undefined)
      throw invalid(`image ${name}, release ${version}: either slotContent or slotFiles, not both`);
    const content = release.slotContent === undefined ? undefined : await read(release.slotContent);
    const bundles = await eachFile(release.bundles, read);
    const factory = release.factory === undefined ? {} : { factory: await eachFile(release.factory, read) };
    if (factory.factory !== undefined) await checkDisks(name, version, given, factory.factory);
    if (content !== undefined) checkContent(name, version, given, content);
    releases[version] = {
      version,
      ...factory,
      content:
        offered === undefined
          ? await contentOf(content, release.slotFiles, read)
          : { kind: 'packages', list: offered.list },
      ...(offered === undefined || release.factory === undefined ? {} : { installed: offered.names }),
      bundles,
      ...(offered?.feed === undefined ? {} : { feed: offered.feed }),
      ...(release.broken === undefined ? {} : { broken: release.broken }),
    };
  }
  await assertProcessor(described);
  const kinds = new Set(Object.values(releases).map(({ content }) => content.kind));
  if (kinds.has('slot') && kinds.has('files'))
    throw invalid(`image ${name}: either slotContent or slotFiles for all of its releases`);
  const manifest: Omit<ImageManifest, 'key'> = {
    format: 2,
    name,
    machine,
    boot: await bootOf(machine, given, read),
    qemu: {
      ...(given.memoryMiB === undefined ? {} : { memoryMiB: given.memoryMiB }),
      ...(given.machineOptions === undefined ? {} : { machineOptions: given.machineOptions }),
    },
    disks: given.disks,
    slots: given.slots,
    ssh: await sshOf(given, read),
    releases,
    ...(given.health === undefined ? {} : { health: given.health }),
    ...(given.places === undefined ? {} : { places: given.places }),
    packages: [],
  };
  return { ...manifest, key: sha256(JSON.stringify(manifest)).slice(0, 16) };
}

/** How a device shows that it is on a release. */
async function contentOf(
  slot: FileRef | undefined,
  files: string | undefined,
  read: (path: string) => Promise<FileRef>,
): Promise<ReleaseContent> {
  if (slot !== undefined) return { kind: 'slot', sha256: slot.sha256, bytes: slot.bytes };
  if (files === undefined) return { kind: 'unknown' };
  return { kind: 'files', files: await readSlotFiles((await read(files)).path) };
}

async function sshOf(
  { ssh: { user, privateKey, password, hostKeySha256 } }: PrebuiltMachine,
  read: (path: string) => Promise<FileRef>,
): Promise<SshAccess> {
  return {
    user,
    ...(privateKey === undefined ? {} : { privateKey: await usableKey((await read(privateKey)).path) }),
    ...(password === undefined ? {} : { password }),
    ...(hostKeySha256 === undefined ? {} : { hostKeySha256 }),
  };
}

/** A boot that nobody can log in to costs minutes, and says the same. */
async function usableKey(path: string): Promise<string> {
  await readPrivateKey(path);
  return path;
}

async function bootOf(
  machine: MachineName,
  { firmware, kernel }: PrebuiltMachine,
  read: (path: string) => Promise<FileRef>,
): Promise<ImageBoot> {
  if (firmware === 'builtin') {
    if (!machines[machine].qemu.hasFirmware) throw invalid(`QEMU has no firmware of its own for ${machine}`);
    return { kind: 'builtin' };
  }
  if (firmware !== undefined)
    return { kind: 'firmware', attach: firmware.attach, code: await read(firmware.code) };
  if (kernel === undefined) throw invalid('neither firmware nor a kernel is given');
  return {
    kind: 'kernel',
    kernel: await read(kernel.image),
    ...(kernel.initrd === undefined ? {} : { initrd: await read(kernel.initrd) }),
    arguments: kernel.arguments,
  };
}

async function eachFile(
  files: Readonly<Record<string, string>>,
  read: (path: string) => Promise<FileRef>,
): Promise<Record<string, FileRef>> {
  const found: Record<string, FileRef> = {};
  for (const [key, path] of Object.entries(files)) found[key] = await read(path);
  return found;
}

/** A release's disks must be raw and of whole sectors, and its slots must lie within them. */
async function checkDisks(
  name: string,
  version: string,
  machine: PrebuiltMachine,
  factory: Record<string, FileRef>,
): Promise<void> {
  for (const file of Object.values(factory)) {
    if (file.bytes % sectorBytes !== 0)
      throw invalid(`${file.path} has ${file.bytes} bytes, which is not a multiple of ${sectorBytes}`);
    await assertRawDisk(file.path);
  }
  for (const slot of machine.slots) {
    const bytes = factory[slot.disk]?.bytes ?? 0;
    if (slot.offset + slot.length > bytes) {
      throw invalid(
        `image ${name}, release ${version}: slot ${slot.name} ends at byte ${slot.offset + slot.length}, outside of disk ${slot.disk} with ${bytes} bytes`,
      );
    }
  }
}

function checkContent(name: string, version: string, machine: PrebuiltMachine, content: FileRef): void {
  const small = machine.slots.find(({ length }) => length < content.bytes);
  if (small === undefined) return;
  throw invalid(
    `image ${name}, release ${version}: ${content.path} has ${content.bytes} bytes, slot ${small.name} only ${small.length}`,
  );
}

function invalid(message: string): ScenarioError {
  return new ScenarioError('image-invalid', message);
}
