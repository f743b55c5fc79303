import { ScenarioError } from '../core/errors.ts';
import type { InstalledPackage, PackageSystem } from '../model/software.ts';
import { Damage } from '../package/archive/damage.ts';
import { bounds } from './bounds.ts';
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
 * there in part is among them, what is gone but for its configuration is not. The text is hostile: `where` and the line
 * are in the ScenarioError `status-damaged`; one without any package is damaged too, since opkg takes an empty file for
 * a system without packages and says nothing.
 */
export function readInstalled(system: PackageSystem, text: string, where: string): InstalledPackage[] {
  try {
    const found = system === 'rpm' ? rpmInstalled(text) : statusInstalled(text);
    if (found.length === 0) throw new Damage('no package is installed');
    if (found.length > bounds.packages) throw new Damage(`more than ${bounds.packages} packages`);
    for (const one of found) checkWords(one);
    found.sort(byIdentity);
    const crowd = found.find((one, i) => found[i + bounds.namesakes]?.name === one.name);
    if (crowd !== undefined)
      throw new Damage(`more than ${bounds.namesakes} packages are called ${crowd.name}`);
    return found;
  } catch (cause) {
    if (!(cause instanceof Damage)) throw cause;
    throw new ScenarioError('status-damaged', `${where}: ${cause.message}`, {
      cause,
      hint: `expected what this prints on the device: ${shown(installedQueries[system])}`,
    });
  }
}

/** A command as a user types it. */
export function shown(command: readonly string[]): string {
  return command.map((word) => (/[^\w./-]/.test(word) ? `'${word}'` : word)).join(' ');
}

function checkWords({ name, version, architecture, licence = '' }: InstalledPackage): void {
  for (const word of [name, version, architecture])
    if (word.length > bounds.wordCharacters || /\s/.test(word))
      throw new Damage(`no name, version or architecture: ${JSON.stringify(word.slice(0, 60))}`);
  if (licence.length > bounds.licenceCharacters)
    throw new Damage(`${name} has a licence statement of ${licence.length} characters`);
}

function byIdentity(a: InstalledPackage, b: InstalledPackage): number {
  return order(a.name, b.name) || order(a.architecture, b.architecture) || order(a.version, b.version);
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
