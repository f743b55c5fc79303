import type { InstalledPackage } from '../model/software.ts';
import { fieldValue, type Stanza } from '../package/control/stanza.ts';
import { readStanzas } from '../package/control/stanzas.ts';
import { factsOf } from './facts.ts';
import type { InputFault } from './input-fault.ts';

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

/**
 * The packages of a status file of dpkg or opkg, whose stanzas are alike. One that is wrong, and a line that is passed
 * over or that dpkg refuses, is told to `complain`; the others are read.
 */
export function statusInstalled(
  system: 'opkg' | 'dpkg',
  text: string,
  complain: (fault: InputFault) => void,
): InstalledPackage[] {
  const found: InstalledPackage[] = [];
  for (const { stanza, line, odd, lost } of readStanzas(text)) {
    const one = packageOf(stanza);
    const fault = system === 'dpkg' ? odd : lost;
    if (fault !== undefined) complain({ ...fault, isLeftOut: typeof one === 'string' });
    else if (typeof one === 'string') complain({ line, what: one, isLeftOut: true });
    if (typeof one === 'object') found.push(one);
  }
  return found;
}

/** The package of a stanza, undefined where nothing of it is installed; or what is wrong with the stanza. */
function packageOf(stanza: Stanza): InstalledPackage | string | undefined {
  const [name, status, version, architecture] = ['Package', 'Status', 'Version', 'Architecture'].map(
    (field) => fieldValue(stanza, field),
  );
  const without = (field: string) => `a stanza without the field ${field}`;
  if (name === undefined) return without('Package');
  if (status === undefined) return without('Status');
  const state = status.split(/\s+/)[2] ?? '';
  if (absent.has(state)) return undefined;
  if (!present.has(state)) return `${name} is in the state ${JSON.stringify(state)}, which is not known`;
  if (version === undefined) return without('Version');
  if (architecture === undefined) return without('Architecture');
  const installedAt = Number(fieldValue(stanza, 'Installed-Time') ?? Number.NaN);
  return {
    name,
    version,
    architecture,
    state,
    ...factsOf(stanza),
    ...(Number.isSafeInteger(installedAt) ? { installedAt } : {}),
  };
}
