import { sha256 } from '../core/digest.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import type { PackageContents, PackagedPath } from '../model/image.ts';
import { fieldValue, type Stanza } from '../package/control/stanza.ts';
import { readStanzas } from '../package/control/stanzas.ts';

const mostRecordBytes = 64 << 20;
const mostFileBytes = 512 << 20;

/** A package manager's record of what is installed: a status file, and a list of files for each package. */
export interface PackageRecord {
  system: 'dpkg' | 'opkg';
  folder: string;
  status: string;
}

/** Where dpkg keeps its record, and opkg (`info_dir` and `status_file` of opkg.conf(5), as Yocto and as opkg itself have them). */
const places = [
  { system: 'dpkg', folder: '/var/lib/dpkg' },
  { system: 'opkg', folder: '/var/lib/opkg' },
  { system: 'opkg', folder: '/usr/lib/opkg' },
] as const;

/** The record on a disk; undefined where neither dpkg nor opkg has one. */
export function packageRecord(files: FileTree): PackageRecord | undefined {
  for (const place of places) {
    const status = files.read(`${place.folder}/status`, mostRecordBytes)?.toString('utf8');
    if (status !== undefined) return { ...place, status };
  }
  return undefined;
}

/**
 * The packages that the record says are installed, with their files as they lie on the disk; what a package lists and the
 * disk does not have is left out, as what dpkg was told to leave out (path-exclude).
 */
export function packagesOn(files: FileTree, { folder, status }: PackageRecord): PackageContents[] {
  const info = `${folder}/info`;
  const lists = new Set(files.names(info));
  return [...readStanzas(status)].flatMap(({ stanza }) => {
    if (!/ installed$/.test(fieldValue(stanza, 'Status') ?? '')) return [];
    return [contentsOf(files, { info, lists }, stanza)];
  });
}

function contentsOf(
  files: FileTree,
  { info, lists }: { info: string; lists: ReadonlySet<string> },
  stanza: Stanza,
): PackageContents {
  const value = (name: string) => fieldValue(stanza, name) ?? '';
  const [name, architecture] = [value('Package'), value('Architecture')];
  // A package that may be there for several architectures has the architecture in the name of its list.
  const list = [`${name}:${architecture}.list`, `${name}.list`].find((file) => lists.has(file));
  const text = list === undefined ? '' : (files.read(`${info}/${list}`)?.toString('utf8') ?? '');
  const found: PackagedPath[] = [];
  const contents: PackageContents['files'] = [];
  for (const line of text.split('\n')) {
    // opkg has the mode and a link's target behind the path.
    const [path = ''] = line.split('\t');
    const facts = path === '' || path === '/.' ? undefined : files.facts(path);
    if (facts === undefined) continue;
    const { kind, mode, uid, gid, target } = facts;
    found.push({ path, kind, mode, owner: ownerText(uid, gid), ...(target === undefined ? {} : { target }) });
    const content = kind === 'file' ? files.read(path, mostFileBytes) : undefined;
    if (content !== undefined) contents.push({ path, sha256: sha256(content) });
  }
  const conffiles = (stanza.find((field) => field.name === 'Conffiles')?.lines ?? []).flatMap(
    (line) => line.trim().split(' ')[0] || [],
  );
  return {
    name,
    version: value('Version'),
    architecture,
    path: '',
    files: contents,
    conffiles,
    paths: found,
  };
}

/** As packages have it: root's by name. */
function ownerText(uid: number, gid: number): string {
  return uid === 0 && gid === 0 ? 'root:root' : `${uid}:${gid}`;
}
