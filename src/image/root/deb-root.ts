import { createHash } from 'node:crypto';
import { ScenarioError } from '../../core/errors.ts';
import { readControlFiles } from '../../package/control/control-files.ts';
import { type Field, field, fieldValue, stanzaText } from '../../package/control/stanza.ts';
import type { ControlPackage } from '../../package/package-format.ts';
import { Tree } from '../tree.ts';
import { addPackagedFiles, type PackageToInstall } from './package-tree.ts';

/** A deb to be installed. */
export interface DebToInstall extends PackageToInstall {
  about: ControlPackage;
  /** The package itself. */
  file: string;
}

const state = 'var/lib/dpkg';
/** What dpkg takes from the archive into its database as something else than a file of this name. */
const notKept: ReadonlySet<string> = new Set(['control']);

/**
 * The root file system that `dpkg --unpack` would leave, with a merged /usr: files unpacked, maintainer scripts not run,
 * conffiles in their place, and a database that says "install ok unpacked", so that "dpkg --configure -a" on the device
 * runs the postinst scripts. The database's form is that of dpkg 1.22 (lib/dpkg/dump.c; db-fsys-files.c for the lists;
 * deb-triggers(5)). Everything belongs to root. Throws ScenarioError `image-packages` for what this cannot hold.
 */
export async function debRoot(packages: readonly DebToInstall[], signal?: AbortSignal): Promise<Tree> {
  const tree = new Tree();
  addPackagedFiles(tree, packages);
  const sorted = [...packages].sort((a, b) => (a.about.name < b.about.name ? -1 : 1));
  const interests: string[] = [];
  for (const one of sorted) interests.push(...(await addInfo(tree, one, signal)));
  tree.addFile(`${state}/status`, sorted.map(statusStanza).join('\n'));
  for (const empty of ['available', 'diversions', 'statoverride', 'triggers/Unincorp'])
    tree.addFile(`${state}/${empty}`, '');
  const files = interests.filter((line) => line.startsWith('/'));
  tree.addFile(`${state}/triggers/File`, files.map((line) => `${line}\n`).join(''));
  for (const line of interests.filter((line) => !line.startsWith('/'))) {
    const [name = '', owner = ''] = line.split(' ');
    const path = `${state}/triggers/${name}`;
    const before = tree.get(path);
    const others = before?.type === 'file' ? before.content.toString() : '';
    tree.addFile(path, `${others}${owner}\n`);
  }
  tree.addFile(`${state}/info/format`, '1\n');
  for (const name of ['alternatives', 'parts', 'updates']) tree.addDirectory(`${state}/${name}`);
  tree.addDirectory('var/lib/apt/lists/partial');
  tree.addDirectory('var/cache/apt/archives/partial');
  return tree;
}

/** Writes what dpkg keeps of one package; returns the triggers that it waits for, each with its name. */
async function addInfo(
  tree: Tree,
  { about, files, file }: DebToInstall,
  signal?: AbortSignal,
): Promise<string[]> {
  const several = fieldValue(about.control, 'Multi-Arch') === 'same';
  const name = several ? `${about.name}:${about.architecture}` : about.name;
  const info = (suffix: string) => `${state}/info/${name}.${suffix}`;
  tree.addFile(
    info('list'),
    ['/.', ...files.map(({ path }) => path).filter((path) => path !== '/')]
      .map((path) => `${path}\n`)
      .join(''),
  );
  const scripts = new Set<string>(about.scripts.keys());
  const interests: string[] = [];
  for (const [member, content] of await readControlFiles(file, signal)) {
    if (notKept.has(member)) continue;
    tree.addFile(info(member), content, scripts.has(member) ? 0o755 : 0o644);
    if (member !== 'triggers') continue;
    for (const line of content.toString('utf8').split('\n')) {
      const [word = '', trigger = ''] = line.trim().split(/\s+/);
      // The database writes "/noawait" behind the package where nobody waits for the trigger.
      if (/^interest(-await)?$/.test(word)) interests.push(`${trigger} ${name}`);
      if (word === 'interest-noawait') interests.push(`${trigger} ${name}/noawait`);
    }
  }
  return interests;
}

function statusStanza({ about, files }: DebToInstall): string {
  const contents = new Map(files.map(({ path, content }) => [path, content]));
  const conffiles = about.conffiles.map((path) => {
    const content = contents.get(path);
    if (content === undefined)
      throw new ScenarioError('image-packages', `${about.name}: its conffile ${path} is not in it`);
    return `${path} ${createHash('md5').update(content).digest('hex')}`;
  });
  const fields = about.control.flatMap((one) =>
    one.name === 'Package' ? [one, field('Status', 'install ok unpacked')] : [one],
  );
  const list: Field[] = conffiles.length === 0 ? [] : [{ name: 'Conffiles', lines: ['', ...conffiles] }];
  return stanzaText([...fields, ...list]);
}
