import { isDeepStrictEqual } from 'node:util';
import { ScenarioError } from '../core/errors.ts';
import { commandLine } from '../core/quote.ts';
import type { InstalledPackage, PackageSystem } from '../model/software.ts';
import { Damage } from '../package/archive/damage.ts';
import { bounds } from './bounds.ts';
import { type Complain, faultText, type InputFault } from './input-fault.ts';
import { rpmInstalled, rpmQueryFormat } from './rpm-installed.ts';
import { statusInstalled } from './status-installed.ts';

/** How a device is asked what is installed: an argument list whose standard output `readInstalled` takes. */
export const installedQueries: Readonly<Record<PackageSystem, readonly string[]>> = {
  opkg: ['cat', '/var/lib/opkg/status'],
  dpkg: ['cat', '/var/lib/dpkg/status'],
  rpm: ['rpm', '-qa', '--queryformat', rpmQueryFormat],
};

/**
 * The packages of a system by name, architecture and version, from the text that `installedQueries` asks for. What is
 * there in part is among them, what is gone but for its configuration is not; an exact double counts once. The text is
 * hostile. What is wrong with one package is told to `complain` and costs no other; without `complain`, and where no
 * package is left (opkg takes an empty file for a system without packages and says nothing), it is the ScenarioError
 * `status-damaged` with `where` and the line.
 */
export function readInstalled(
  system: PackageSystem,
  text: string,
  where: string,
  complain?: Complain,
): InstalledPackage[] {
  let first: InputFault | undefined;
  const note = (fault: InputFault) => {
    first ??= fault;
    complain?.(fault, where);
  };
  try {
    const listed = system === 'rpm' ? rpmInstalled(text, note) : statusInstalled(system, text, note);
    const found = listed.filter((one) => {
      const what = wrongWord(one);
      if (what !== undefined) note({ what, isLeftOut: true });
      return what === undefined;
    });
    if (first !== undefined && (complain === undefined || found.length === 0))
      throw new Damage(faultText(first));
    if (found.length === 0) throw new Damage('no package is installed');
    if (found.length > bounds.packages) throw new Damage(`more than ${bounds.packages} packages`);
    found.sort(byIdentity);
    const crowd = found.find((one, i) => found[i + bounds.namesakes]?.name === one.name);
    if (crowd !== undefined)
      throw new Damage(`more than ${bounds.namesakes} packages are called ${crowd.name}`);
    return found.filter((one, i) => !isDeepStrictEqual(one, found[i - 1]));
  } catch (cause) {
    if (!(cause instanceof Damage)) throw cause;
    throw new ScenarioError('status-damaged', `${where}: ${cause.message}`, {
      cause,
      hint: `expected what this prints on the device: ${commandLine(installedQueries[system])}`,
    });
  }
}

/** What is wrong with the words of a package, if anything is. */
function wrongWord({ name, version, architecture, licence = '' }: InstalledPackage): string | undefined {
  for (const word of [name, version, architecture])
    if (word.length > bounds.wordCharacters || /\s/.test(word))
      return `no name, version or architecture: ${JSON.stringify(word.slice(0, 60))}`;
  if (licence.length > bounds.licenceCharacters)
    return `${name} has a licence statement of ${licence.length} characters`;
  return undefined;
}

function byIdentity(a: InstalledPackage, b: InstalledPackage): number {
  return order(a.name, b.name) || order(a.architecture, b.architecture) || order(a.version, b.version);
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
