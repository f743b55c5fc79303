import { join, resolve } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { type Fault, faultLines } from '../document/parse.ts';
import { readText } from '../document/read.ts';
import type { MachineName } from '../model/machine.ts';
import { openSource } from '../package/archive/byte-source.ts';
import { asScenarioError } from '../package/archive/damage.ts';
import { bundleFormatNames, bundleFormats } from './bundles/index.ts';
import type { PrebuiltImage, PrebuiltMachine } from './description.ts';
import { readableBytes } from './file-ref.ts';

/** A file that the description of a prebuilt image names. */
interface NamedFile {
  /** Keys that lead to it in the description. */
  place: readonly string[];
  path: string;
  /** Of a bundle. */
  bundle?: { release: string; format: string };
  /** What is for one processor. */
  holds?: 'kernel' | 'system';
}

/** Which bundles are meant: of these releases, in this format. */
export interface MeantBundles {
  releases: readonly string[];
  format: string;
}

/** Where an image.yaml lies, what it says, and of which machine that counts. */
export interface Described {
  folder: string;
  description: Pick<PrebuiltImage, 'prebuilt'>;
  machine: MachineName;
}

/**
 * Throws ScenarioError `image-unreadable` with the line and column of every file that a prebuilt image names and that is not
 * there, is empty or may not be read.
 */
export async function assertReadable(described: Described): Promise<void> {
  const faults = await unreadableFiles(described);
  if (faults.length > 0) throw new ScenarioError('image-unreadable', await linesOf(described, faults));
}

/** The same faults, as they are told where nothing is to be built yet; none: undefined. */
export async function unreadableText(described: Described): Promise<string | undefined> {
  const faults = await unreadableFiles(described);
  return faults.length === 0 ? undefined : linesOf(described, faults);
}

/**
 * Throws ScenarioError `bundle-invalid` with line and column of every bundle that is there and cannot be one of its format.
 * `meant`: those alone; absent: all.
 */
export async function assertBundles(described: Described, meant?: MeantBundles): Promise<void> {
  const faults: Fault[] = [];
  for (const { place, path, bundle } of filesOf(described)) {
    if (bundle === undefined) continue;
    const { release, format } = bundle;
    if (meant !== undefined && !(meant.format === format && meant.releases.includes(release))) continue;
    const wrong = await wrongWith(path, format);
    if (wrong !== undefined) faults.push({ path: place, message: `${path}: ${wrong}` });
  }
  if (faults.length > 0)
    throw new ScenarioError('bundle-invalid', await linesOf(described, faults), {
      hint: 'copy or make it again, or name the right file; a release that devices are to refuse comes from serverFaults or brownout conform',
    });
}

/** What the file itself shows; undefined also where it cannot be read, which is told elsewhere. */
async function wrongWith(path: string, format: string): Promise<string | undefined> {
  const known = bundleFormatNames.find((name) => name === format);
  const lookAt = known === undefined ? undefined : bundleFormats[known].lookAt;
  if (lookAt === undefined || (await unreadable(path)) !== undefined) return undefined;
  await using file = await openSource(path);
  return await asScenarioError(path, () => lookAt(file));
}

async function unreadableFiles(described: Described): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const { place, path } of filesOf(described)) {
    const message = await unreadable(path);
    if (message !== undefined) faults.push({ path: place, message });
  }
  return faults;
}

async function unreadable(path: string): Promise<string | undefined> {
  try {
    await readableBytes(path);
    return undefined;
  } catch (error) {
    if (error instanceof ScenarioError) return error.message;
    throw error;
  }
}

/** Faults as a message: `image.yaml:12:30: …`, a line for each. */
export async function linesOf({ folder }: Described, faults: readonly Fault[]): Promise<string> {
  const path = join(folder, 'image.yaml');
  return faultLines(await readText(path), path, faults);
}

/** Every file that is named for the machine, in the order in which they are read. */
export function filesOf({ folder, description, machine }: Described): NamedFile[] {
  const given: PrebuiltMachine | undefined = description.prebuilt[machine];
  if (given === undefined) return [];
  const named: NamedFile[] = [];
  const add = (place: readonly string[], path: string | undefined, more: Partial<NamedFile> = {}) => {
    if (path !== undefined)
      named.push({ place: ['prebuilt', machine, ...place], path: resolve(folder, path), ...more });
  };
  const { firmware, kernel, ssh, releases } = given;
  if (typeof firmware === 'object') add(['firmware', 'code'], firmware.code);
  add(['kernel', 'image'], kernel?.image, { holds: 'kernel' });
  add(['kernel', 'initrd'], kernel?.initrd);
  add(['ssh', 'privateKey'], ssh.privateKey);
  for (const [release, { factory = {}, slotContent, slotFiles, packages, bundles }] of Object.entries(
    releases,
  )) {
    for (const [disk, path] of Object.entries(factory))
      add(['releases', release, 'factory', disk], path, { holds: 'system' });
    add(['releases', release, 'slotContent'], slotContent, { holds: 'system' });
    add(['releases', release, 'slotFiles'], slotFiles);
    add(['releases', release, 'packages'], packages);
    for (const [format, path] of Object.entries(bundles))
      add(['releases', release, 'bundles', format], path, { bundle: { release, format } });
  }
  return named;
}
