import { contentOf } from '../filesystem/content.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import type { Place } from '../filesystem/place.ts';
import type { DiskView } from '../filesystem/view.ts';
import { fieldValue } from '../package/control/stanza.ts';
import { readStanzas } from '../package/control/stanzas.ts';

/** A piece of a file as it was written, without the zeros that fill its last block. */
interface Piece {
  path: string;
  text: string;
  /** Whether it has the file's first byte, and its last. */
  isBegin: boolean;
  isEnd: boolean;
}

/** What a piece changes, beside the files of its file system before it. */
type Changes = (piece: Piece, before: FileTree | undefined) => string[];

/** Files whose content says more than their name. */
const meanings: readonly { path: RegExp; changes: Changes }[] = [
  // dpkg's list with its journal (lib/dpkg/dbmodify.c), and opkg's, which has the same form.
  { path: /\/(?:dpkg|opkg)\/(?:status(?:-new|-old)?|updates\/\d+)$/, changes: packageChanges },
  // A branch of an OSTree repository (src/libostree/ostree-repo-refs.c).
  { path: /\/repo\/refs\/(?:heads|remotes|mirrors)\/.+$/, changes: refChanges },
];

/**
 * What bytes that were written to a file change, where it is one that brownout knows the meaning of: packages in the
 * list of what is installed (`package tool from 1.0 installed to 2.0 unpacked`), the commit that a branch of OSTree names.
 * `before`: the volume before the write; `bytes`: those of the place.
 */
export function pieceChanges({ content }: Place, before: DiskView, bytes: Buffer): string[] {
  if (content.kind !== 'file') return [];
  const { path, offset } = content;
  const changes = meaningOf(path);
  if (changes === undefined) return [];
  const zeros = bytes.indexOf(0);
  const text = bytes.toString('utf8', 0, zeros < 0 ? bytes.length : zeros);
  return changes({ path, text, isBegin: offset === 0, isEnd: zeros >= 0 }, filesOf(before));
}

/** The same of a whole file that has another content in another state of its volume, as by a rename. */
export function contentChanges(path: string, before: DiskView, after: DiskView): string[] {
  const changes = meaningOf(path);
  const content = changes && filesOf(after)?.read(path);
  if (changes === undefined || content === undefined) return [];
  return changes({ path, text: content.toString('utf8'), isBegin: true, isEnd: true }, filesOf(before));
}

function meaningOf(path: string): Changes | undefined {
  return meanings.find((one) => one.path.test(path))?.changes;
}

function filesOf(view: DiskView): FileTree | undefined {
  const volume = contentOf(view);
  return volume.kind === 'files' ? volume.files : undefined;
}

function packageChanges({ path, text, isBegin, isEnd }: Piece, before: FileTree | undefined): string[] {
  const list = path.replace(/\/(?:status[^/]*|updates\/\d+)$/, '/status');
  const old = new Map(packagesIn(before?.read(list)?.toString('utf8') ?? ''));
  const parted = '\n\n';
  const first = isBegin ? 0 : text.indexOf(parted);
  const whole = first < 0 ? '' : text.slice(first, isEnd ? undefined : text.lastIndexOf(parted));
  return packagesIn(whole).flatMap(([name, now]) => {
    const was = old.get(name);
    if (was === now) return [];
    return [was === undefined ? `package ${name} as ${now}` : `package ${name} from ${was} to ${now}`];
  });
}

/** Each package with its version and what became of it: `2.0 unpacked`. */
function packagesIn(text: string): [name: string, state: string][] {
  return [...readStanzas(text)].flatMap(({ stanza }): [string, string][] => {
    const [name, version, status] = ['Package', 'Version', 'Status'].map((field) =>
      fieldValue(stanza, field),
    );
    if (name === undefined || status === undefined) return [];
    // The third word; before it come what is wanted, and flags (deb-installed states in dpkg(1)).
    return [[name, [version ?? 'without a version', status.split(/\s+/)[2] ?? status].join(' ')]];
  });
}

function refChanges({ path, text, isBegin }: Piece, before: FileTree | undefined): string[] {
  const commit = (content: string | undefined) =>
    /^[0-9a-f]{64}$/.exec(content?.trim() ?? '')?.[0].slice(0, 12);
  const now = isBegin ? commit(text) : undefined;
  if (now === undefined) return [];
  const ref = path.replace(/^.*\/repo\/refs\/(?:heads|remotes|mirrors)\//, '');
  const was = commit(before?.read(path)?.toString('utf8'));
  return [`ref ${ref} ${was === undefined ? 'as' : `from ${was} to`} ${now}`];
}
