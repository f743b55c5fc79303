import { createHash } from 'node:crypto';
import { ScenarioError } from '../../core/errors.ts';
import { fieldValue, stanzaText } from '../../package/control/stanza.ts';
import type { ControlPackage } from '../../package/package-format.ts';
import { Tree } from '../tree.ts';
import { addPackagedFiles, type PackageToInstall } from './package-tree.ts';

/** An ipk to be installed. */
export interface IpkToInstall extends PackageToInstall {
  about: ControlPackage;
}

const state = 'var/lib/opkg';

/**
 * The root file system that `opkg --offline-root install` would leave: files unpacked, maintainer scripts not run, and
 * a database that says so ("install user unpacked"), so that "opkg configure" on the device runs the postinst scripts.
 * The database's form is that of opkg 0.5.0 (libopkg/pkg.c, pkg_print_status; pkg_extract.c for the list files).
 * Everything belongs to root. `seconds`: when it was installed, since 1970. Throws ScenarioError `image-packages` for
 * what this cannot hold.
 */
export function ipkRoot(packages: readonly IpkToInstall[], seconds: number): Tree {
  const tree = new Tree({});
  addPackagedFiles(tree, packages);
  const sorted = [...packages].sort((a, b) => (a.about.name < b.about.name ? -1 : 1));
  for (const one of sorted) addInfo(tree, one);
  tree.addFile(`${state}/status`, sorted.map((one) => statusStanza(one, seconds)).join(''));
  tree.addDirectory(`${state}/lists`);
  return tree;
}

function addInfo(tree: Tree, { about, files }: IpkToInstall): void {
  const info = (suffix: string) => `${state}/info/${about.name}.${suffix}`;
  tree.addFile(info('control'), stanzaText(about.control));
  tree.addFile(
    info('list'),
    files.flatMap(({ path, type }) => (type === 'directory' ? [] : [`${path}\n`])).join(''),
  );
  if (about.conffiles.length > 0)
    tree.addFile(info('conffiles'), about.conffiles.map((path) => `${path}\n`).join(''));
  for (const [name, text] of about.scripts) tree.addFile(info(name), text, 0o755);
}

const statusFields = [
  'Package',
  'Version',
  'Depends',
  'Recommends',
  'Suggests',
  'Provides',
  'Replaces',
  'Conflicts',
];

function statusStanza({ about, files }: IpkToInstall, seconds: number): string {
  const lines = statusFields.flatMap((name) => {
    const value = fieldValue(about.control, name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  lines.push('Status: install user unpacked');
  if (fieldValue(about.control, 'Essential') === 'yes') lines.push('Essential: yes');
  lines.push(`Architecture: ${about.architecture}`);
  const contents = new Map(files.map(({ path, content }) => [path, content]));
  if (about.conffiles.length > 0) lines.push('Conffiles:');
  for (const path of about.conffiles) {
    const content = contents.get(path);
    if (content === undefined)
      throw new ScenarioError('image-packages', `${about.name}: its conffile ${path} is not in it`);
    lines.push(` ${path} ${createHash('md5').update(content).digest('hex')}`);
  }
  lines.push(`Installed-Time: ${seconds}`);
  return `${lines.join('\n')}\n\n`;
}
