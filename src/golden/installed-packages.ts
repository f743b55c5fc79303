import { sha256 } from '../core/digest.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import type { PackageContents, PackagedPath } from '../model/image.ts';
import { fieldValue, type Stanza } from '../package/control/stanza.ts';
import { readStanzas } from '../package/control/stanzas.ts';

/** Where dpkg keeps its record. */
const folder = '/var/lib/dpkg';
const mostRecordBytes = 64 << 20;
const mostFileBytes = 512 << 20;

/**
 * The packages that dpkg's record says are installed, with their files as they lie on the disk; what a package lists and the
 * disk does not have is left out, as what dpkg was told to leave out (path-exclude).
 */
export function packagesOn(files: FileTree): PackageContents[] {
  const status = files.read(`${folder}/status`, mostRecordBytes)?.toString('utf8') ?? '';
  const lists = new Set(files.names(`${folder}/info`));
  return [...readStanzas(status)].flatMap(({ stanza }) => {
    if (!/ installed$/.test(fieldValue(stanza, 'Status') ?? '')) return [];
    return [contentsOf(files, lists, stanza)];
  });
}

function contentsOf(files: FileTree, lists: ReadonlySet<string>, stanza: Stanza): PackageContents {
  const value = (name: string) => fieldValue(stanza, name) ?? '';
  const [name, architecture] = [value('Package'), value('Architecture')];
  // A package that may be there for several architectures has the architecture in the name of its list.
  const list = [`${name}:${architecture}.list`, `${name}.list`].find((file) => lists.has(file));
  const text = list === undefined ? '' : (files.read(`${folder}/info/${list}`)?.toString('utf8') ?? '');
  const found: PackagedPath[] = [];
  const contents: PackageContents['files'] = [];
  for (const path of text.split('\n')) {
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
