import { fieldValue, type Stanza } from '../package/control/stanza.ts';
import type { ControlPackage } from '../package/package-format.ts';
import { withField } from './relations.ts';

/** Fields that say what a package is made from; a part says the same. */
const shared = new Set([
  'package',
  'version',
  'architecture',
  'description',
  'section',
  'priority',
  'maintainer',
  'license',
  'oe',
  'homepage',
  'source',
  'origin',
  'bugs',
  'multi-arch',
]);

/**
 * The control file of a package that is split off another. It takes over files that the other has up to this version,
 * which dpkg wants said as Breaks and Replaces (Debian policy 7.6.1); opkg knows no Breaks, and with Conflicts it would
 * remove the other.
 */
export function splitControl(whole: Stanza, part: string, format: ControlPackage['format']): Stanza {
  const older = `${fieldValue(whole, 'Package') ?? ''} (<< ${fieldValue(whole, 'Version') ?? ''})`;
  const fields = whole.filter(({ name }) => shared.has(name.toLowerCase()));
  const replaced = withField(withField(fields, 'Package', part), 'Replaces', older);
  return format === 'deb' ? withField(replaced, 'Breaks', older) : replaced;
}
