import type { InstalledPackage, PackageSystem } from '../model/software.ts';

/**
 * The package URL of a package, where the purl specification defines one: of a deb if the vendor is known, since its
 * type requires one (types/deb-definition.json); of an rpm with or without (types/rpm-definition.json). For ipk there is
 * no registered type, and `pkg:opkg` would mean whatever its reader thinks. `vendor`: the distribution's ID of
 * os-release, such as `debian`.
 */
export function purlOf(
  system: PackageSystem,
  { name, version, architecture }: InstalledPackage,
  vendor: string | undefined,
): string | undefined {
  const namespace = vendor === undefined ? '' : `${encoded(vendor.toLowerCase())}/`;
  switch (system) {
    case 'opkg':
      return undefined;
    case 'dpkg':
      if (vendor === undefined) return undefined;
      return `pkg:deb/${namespace}${encoded(name.toLowerCase())}@${encoded(version)}?arch=${encoded(architecture)}`;
    case 'rpm': {
      const [, epoch, rest = version] = /^(\d+):(.*)$/s.exec(version) ?? [];
      const suffix = epoch === undefined ? '' : `&epoch=${epoch}`;
      return `pkg:rpm/${namespace}${encoded(name)}@${encoded(rest)}?arch=${encoded(architecture)}${suffix}`;
    }
  }
}

/** Purl's percent-encoding ("Character encoding"): letters, digits, `.-_~` and `:` stay. */
function encoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%3A', ':')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
