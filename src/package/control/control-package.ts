import { type ByteSource, collect } from '../archive/byte-source.ts';
import { compressionOf, decompress } from '../archive/compression.ts';
import { Damage, within } from '../archive/damage.ts';
import { limits } from '../archive/limits.ts';
import { readTar } from '../archive/tar.ts';
import { type ControlPackage, type ControlScriptName, controlScriptNames } from '../package-format.ts';
import { isTar, readMembers } from './members.ts';
import { fieldValue, parseStanza } from './stanza.ts';

/** What an ipk or a deb says of itself. Its data.tar must be there, but is not looked at. Throws Damage. */
export async function controlPackageFrom(
  source: ByteSource,
  format: ControlPackage['format'],
  signal?: AbortSignal,
): Promise<ControlPackage> {
  const seen: string[] = [];
  let found: ControlPackage | undefined;
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
  const wanted = new Set<string>(['control', 'conffiles', ...controlScriptNames]);
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
  return controlScriptNames.some((script) => script === name);
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Damage('it is not UTF-8', { cause });
  }
}

function assemble(
  format: ControlPackage['format'],
  files: ReadonlyMap<string, string>,
): Promise<ControlPackage> {
  return within('control', () => {
    const text = files.get('control');
    if (text === undefined) throw new Damage('there is no such file');
    const control = parseStanza(text);
    const need = (field: string) => {
      const value = fieldValue(control, field);
      if (value === undefined) throw new Damage(`there is no field ${field}`);
      return value;
    };
    const scripts = controlScriptNames.flatMap((name): [ControlScriptName, string][] => {
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
