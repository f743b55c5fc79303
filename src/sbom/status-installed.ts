import type { InstalledPackage } from '../model/software.ts';
import { Damage } from '../package/archive/damage.ts';
import { fieldValue, type Stanza } from '../package/control/stanza.ts';
import { parseStanzas } from '../package/control/stanzas.ts';
import { factsOf } from './facts.ts';

/** The third word of `Status:` where files of the package are there: dpkg(1), "Package states"; opkg's pkg_state_status_t. */
const present = new Set([
  'installed',
  'unpacked',
  'half-configured',
  'half-installed',
  'triggers-awaited',
  'triggers-pending',
  'post-inst-failed',
  'removal-failed',
]);
const absent = new Set(['not-installed', 'config-files']);

/** The packages of a status file of dpkg or opkg, whose stanzas are alike. Throws Damage. */
export function statusInstalled(text: string): InstalledPackage[] {
  const found: InstalledPackage[] = [];
  for (const { stanza, line } of parseStanzas(text)) {
    const one = packageOf(stanza, line);
    if (one !== undefined) found.push(one);
  }
  return found;
}

function packageOf(stanza: Stanza, line: number): InstalledPackage | undefined {
  const need = (field: string) => {
    const value = fieldValue(stanza, field);
    if (value === undefined) throw new Damage(`line ${line}: a stanza without the field ${field}`);
    return value;
  };
  const name = need('Package');
  const state = need('Status').split(/\s+/)[2] ?? '';
  if (absent.has(state)) return undefined;
  if (!present.has(state))
    throw new Damage(`line ${line}: ${name} is in the state ${JSON.stringify(state)}, which is not known`);
  const installedAt = Number(fieldValue(stanza, 'Installed-Time') ?? Number.NaN);
  return {
    name,
    version: need('Version'),
    architecture: need('Architecture'),
    state,
    ...factsOf(stanza),
    ...(Number.isSafeInteger(installedAt) ? { installedAt } : {}),
  };
}
