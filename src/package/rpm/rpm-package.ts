import type { ByteSource } from '../archive/byte-source.ts';
import { within } from '../archive/damage.ts';
import type { RpmPackage, ScriptName } from '../package-format.ts';
import { factsOf } from './facts.ts';
import { listedFiles, type RpmListedFile } from './files.ts';
import { type RpmHeader, textOf, textsOf } from './header.ts';
import { evrOf, labelsOf, withOwnProvide } from './labels.ts';
import { readRpmFile } from './rpm-file.ts';
import { fileFlags, scriptTags } from './tags.ts';

/** What an rpm says of itself. Its payload must be there, but is not looked at. Throws Damage. */
export async function rpmPackageFrom(source: ByteSource): Promise<RpmPackage> {
  const rpm = await readRpmFile(source);
  return within('header', () => {
    const said = labelsOf(rpm.header);
    const labels = rpm.isOld ? withOwnProvide(said) : said;
    const files = listedFiles(rpm.header);
    return {
      format: 'rpm',
      name: labels.name,
      version: evrOf(labels),
      architecture: labels.architecture,
      conffiles: files.flatMap(conffileLine),
      scripts: scriptsOf(rpm.header),
      labels,
      files,
      facts: factsOf(rpm),
    };
  });
}

/** How a list of configuration files has this one, if it is one. */
function conffileLine({ path, flags }: RpmListedFile): string[] {
  if ((flags & fileFlags.config) === 0) return [];
  return [(flags & fileFlags.noReplace) === 0 ? path : `noreplace ${path}`];
}

/** The scriptlets as text. One that is only a program (`%post -p /sbin/ldconfig`) is a line of shell that runs it. */
function scriptsOf(header: RpmHeader): Map<ScriptName, string> {
  const found = new Map<ScriptName, string>();
  for (const [name, { text, program }] of Object.entries(scriptTags)) {
    const script = textOf(header, text) ?? programLine(textsOf(header, program));
    if (script !== undefined) found.set(name as ScriptName, script);
  }
  return found;
}

function programLine(program: readonly string[]): string | undefined {
  return program.length === 0 ? undefined : `${program.join(' ')}\n`;
}
