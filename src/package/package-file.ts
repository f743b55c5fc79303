import { ScenarioError } from '../core/errors.ts';
import { type ByteSource, collect, openSource } from './byte-source.ts';
import { compressionOf, decompress } from './compression.ts';
import { asScenarioError, Damage, within } from './damage.ts';
import { limits } from './limits.ts';
import { isTar, readMembers } from './members.ts';
import { fieldValue, parseStanza, type Stanza } from './stanza.ts';
import { readTar } from './tar.ts';

/** Kinds of package files that are read. They differ in who takes them, hardly in what they are. */
export const packageFormats = ['ipk', 'deb'] as const;
export type PackageFormat = (typeof packageFormats)[number];

/** Maintainer scripts (deb-preinst(5) and its neighbours); opkg knows all but `config`. */
export const scriptNames = ['preinst', 'postinst', 'prerm', 'postrm', 'config'] as const;
export type ScriptName = (typeof scriptNames)[number];

/** What a package says of itself. */
export interface PackageFile {
  format: PackageFormat;
  /** This and the next two from the control file, where all three must be. */
  name: string;
  version: string;
  architecture: string;
  /** Every field of the control file in its order. */
  control: Stanza;
  /** Absolute paths in their order (deb-conffiles(5)); flags such as `remove-on-upgrade` stay before them. */
  conffiles: readonly string[];
  scripts: ReadonlyMap<ScriptName, string>;
}

/** The format that a file's name says: nothing within tells an ipk from a deb. */
export function formatOf(path: string): PackageFormat | undefined {
  if (/\.(ipk|opk)$/.test(path)) return 'ipk';
  return path.endsWith('.deb') ? 'deb' : undefined;
}

/**
 * Reads what a package says of itself. Its data.tar must be there whole, but is not unpacked: `listFiles` does that.
 * Nothing is written to disk. Throws ScenarioError `package-damaged` with the file's name and where in it, or
 * `package-unreadable`.
 */
export function readPackage(path: string, signal?: AbortSignal): Promise<PackageFile> {
  return inPackage(path, (source, format) => packageFrom(source, format, signal));
}

/** Opens a package for `work`; damage that it finds is told with the file's name. Throws as `readPackage`. */
export async function inPackage<T>(
  path: string,
  work: (source: ByteSource, format: PackageFormat) => Promise<T>,
): Promise<T> {
  const format = formatOf(path);
  const unreadable = (why: string, cause?: unknown) =>
    new ScenarioError('package-unreadable', `${path}: ${why}`, { cause });
  if (format === undefined) throw unreadable('no package: its name ends in none of .ipk, .opk, .deb');
  await using source = await openSource(path).catch((cause: unknown) => {
    throw unreadable(`cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'error'}`, cause);
  });
  return await asScenarioError(path, () => work(source, format));
}

/** As `readPackage`, from bytes wherever they are. Throws Damage. */
export async function packageFrom(
  source: ByteSource,
  format: PackageFormat,
  signal?: AbortSignal,
): Promise<PackageFile> {
  const seen: string[] = [];
  let found: PackageFile | undefined;
  for await (const { name, where, content } of readMembers(source, signal)) {
    if (seen.length === 0 && format === 'deb' && name !== 'debian-binary')
      throw new Damage(`the first member is ${JSON.stringify(name)}, not debian-binary`);
    seen.push(name);
    if (name === 'debian-binary') await within(where, () => checkVersion(content));
    else if (isTar(name, 'control')) {
      if (found !== undefined) throw new Damage(`${where}: a second control.tar`);
      found = await within(where, async () => {
        const tar = decompress(compressionOf(name), content, limits.controlBytes, signal);
        return assemble(format, await controlFiles(tar));
      });
    }
  }
  if (found === undefined) throw new Damage('there is no control.tar in it');
  if (!seen.some((name) => isTar(name, 'data'))) throw new Damage('there is no data.tar in it');
  return found;
}

async function checkVersion(content: AsyncIterable<Buffer>): Promise<void> {
  const text = (await collect(content, limits.versionBytes)).toString('latin1');
  if (!/^2\.\d/.test(text)) throw new Damage(`format ${JSON.stringify(text)}; only 2.x is known`);
}

async function controlFiles(tar: AsyncIterable<Buffer>): Promise<Map<string, string>> {
  const wanted = new Set<string>(['control', 'conffiles', ...scriptNames]);
  const found = new Map<string, string>();
  for await (const { path, type, content } of readTar(tar)) {
    const name = path.slice(1);
    if (type !== 'file' || !wanted.has(name)) continue;
    const bytes = await collect(content, limits.controlBytes);
    // Scripts are whatever their interpreter takes; the lists are UTF-8 (deb-control(5)).
    found.set(name, await within(name, () => (isScript(name) ? bytes.toString('utf8') : utf8(bytes))));
  }
  return found;
}

function isScript(name: string): boolean {
  return scriptNames.some((script) => script === name);
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Damage('it is not UTF-8', { cause });
  }
}

function assemble(format: PackageFormat, files: ReadonlyMap<string, string>): Promise<PackageFile> {
  return within('control', () => {
    const text = files.get('control');
    if (text === undefined) throw new Damage('there is no such file');
    const control = parseStanza(text);
    const need = (field: string) => {
      const value = fieldValue(control, field);
      if (value === undefined) throw new Damage(`there is no field ${field}`);
      return value;
    };
    const scripts = scriptNames.flatMap((name): [ScriptName, string][] => {
      const script = files.get(name);
      return script === undefined ? [] : [[name, script]];
    });
    return {
      format,
      name: need('Package'),
      version: need('Version'),
      architecture: need('Architecture'),
      control,
      conffiles: (files.get('conffiles') ?? '').split('\n').filter((line) => line.trim() !== ''),
      scripts: new Map(scripts),
    };
  });
}
