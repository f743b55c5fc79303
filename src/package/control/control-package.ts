import { type ByteSource, collect } from '../archive/byte-source.ts';
import { compressionOf, decompress } from '../archive/compression.ts';
import { Damage, within } from '../archive/damage.ts';
import { limits } from '../archive/limits.ts';
import { readTar } from '../archive/tar.ts';
import { type ControlPackage, type ControlScriptName, controlScriptNames } from '../package-format.ts';
import { textFrom, withoutBlankEnd } from '../text.ts';
import { isTar, readMembers } from './members.ts';
import { fieldValue, type Stanza } from './stanza.ts';
import { readStanzas } from './stanzas.ts';

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
    const limit = isScript(name) ? limits.controlBytes : limits.stanzaBytes;
    const bytes = await within(name, () => collect(content, limit));
    // Scripts are whatever their interpreter takes.
    found.set(name, isScript(name) ? bytes.toString('utf8') : textFrom(bytes));
  }
  return found;
}

function isScript(name: string): boolean {
  return controlScriptNames.some((script) => script === name);
}

function assemble(
  format: ControlPackage['format'],
  files: ReadonlyMap<string, string>,
): Promise<ControlPackage> {
  return within('control', () => {
    const text = files.get('control');
    if (text === undefined) throw new Damage('there is no such file');
    const { control, passedOver } = readControl(text, format);
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
      ...(passedOver === undefined ? {} : { passedOver }),
      // dpkg takes blanks away at the end of a line, so that those with the line ends of DOS are whole, too.
      conffiles: (files.get('conffiles') ?? '')
        .split('\n')
        .map(withoutBlankEnd)
        .filter((line) => line !== ''),
      scripts: new Map(scripts),
    };
  });
}

/** A control file as the package manager of its format reads it: opkg passes over what dpkg refuses. Throws Damage. */
function readControl(
  text: string,
  format: ControlPackage['format'],
): { control: Stanza; passedOver?: string | undefined } {
  const [first, second] = readStanzas(text);
  const { stanza = [], odd, lost } = first ?? {};
  const more = second === undefined ? undefined : { line: second.line, what: 'a second stanza' };
  const refused = odd ?? more;
  if (format === 'deb' && refused !== undefined) throw new Damage(`line ${refused.line}: ${refused.what}`);
  if (format === 'deb' && !text.endsWith('\n')) throw new Damage('its last line has no line end');
  const passed = lost ?? more;
  return { control: stanza, passedOver: passed && `line ${passed.line}: ${passed.what}` };
}
