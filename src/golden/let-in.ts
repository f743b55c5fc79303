import { writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { scratchFolder } from '../core/scratch-folder.ts';
import { contentOf } from '../filesystem/content.ts';
import type { FileTree } from '../filesystem/file-tree.ts';
import { partView } from '../filesystem/view.ts';
import { makeKeyPair } from '../guest/key-pair.ts';
import { run } from '../process/run.ts';
import { openView } from './disk-view.ts';
import { type FoundRoot, volumeText } from './found-disk.ts';

const hint = 'name a key that the image lets in with --ssh-key, or a password with --ssh-password';
/** As Linux has it: MAXSYMLINKS. */
const mostLinks = 40;

/** The key that lets brownout in, and what was done to the disk for it. */
export interface LetIn {
  /** Path on the device. */
  authorizedKeys: string;
  /** Whether a journal was replayed first, since the file system had not been unmounted. */
  recovered: boolean;
}

/**
 * Makes a key and adds it to root's authorized_keys on a disk image, which is not mounted: e2fsprogs write to the file
 * system where it lies in the image, with neither root's rights nor a password of the device. Writes the private key to
 * `keyPath`, readable by its owner alone. `image` is what messages call it. Throws ScenarioError `golden-no-home` and
 * `key-not-written` where it does not take a key, and HarnessError `command-missing` and `command-failed`.
 */
export async function letIn(
  image: string,
  diskPath: string,
  { volume, files, system }: FoundRoot,
  keyPath: string,
  signal: AbortSignal,
): Promise<LetIn> {
  const home = system.ssh?.home ?? '/root';
  const sshFolder = posix.join(home, '.ssh');
  const wrong = noFolder(files, home) ?? (files.facts(sshFolder) && noFolder(files, sshFolder));
  if (wrong !== undefined)
    throw new ScenarioError(
      'golden-no-home',
      `no key can be put on ${image}, ${volumeText(volume)}: ${wrong}`,
      { hint },
    );
  const { privateKey, publicKey } = makeKeyPair('brownout');
  await writeFile(keyPath, privateKey, { mode: 0o600 });
  const folder = dirname(diskPath);
  await using scratch = await scratchFolder(folder);
  // Paths within e2fsprogs' commands have no spaces or options of ours: only this file's and the device's own.
  const place = `${basename(diskPath)}?offset=${volume.offset}`;
  const recovered = await recover(folder, place, signal);
  const authorizedKeys = posix.join(sshFolder, 'authorized_keys');
  const before = files.read(authorizedKeys)?.toString('utf8') ?? '';
  const text = `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${publicKey}\n`;
  const written = join(scratch.path, 'keys');
  await writeFile(written, text);
  const commands = [
    ...(files.names(posix.dirname(sshFolder)).includes('.ssh') ? [] : [`mkdir ${sshFolder}`]),
    ...owned(sshFolder, '040700'),
    ...(before === '' && !files.names(sshFolder).includes('authorized_keys') ? [] : [`rm ${authorizedKeys}`]),
    `write ${join(basename(scratch.path), 'keys')} ${authorizedKeys}`,
    ...owned(authorizedKeys, '0100600'),
  ];
  const { stderr } = await run({
    program: 'debugfs',
    args: ['-w', '-f', '-', place],
    input: `${commands.join('\n')}\n`,
    cwd: folder,
    signal,
  });
  // debugfs ends with 0 whatever its commands came to.
  await using disk = await openView(diskPath);
  const after = contentOf(partView(disk.view, volume.offset, volume.bytes));
  const there = after.kind === 'files' ? after.files.read(authorizedKeys)?.toString('utf8') : undefined;
  if (there !== text)
    throw new ScenarioError(
      'key-not-written',
      `no key can be put on ${image}, ${volumeText(volume)}: ${authorizedKeys} is not as it was written; debugfs says: ${complaintOf(stderr)}`,
      { hint },
    );
  return { authorizedKeys, recovered };
}

/** Where a path leads to no folder of this file system, what it is instead: a link may lead to where another is mounted. */
function noFolder(files: FileTree, path: string): string | undefined {
  let at = path;
  for (let links = 0; links < mostLinks; links += 1) {
    const facts = files.facts(at);
    const way = at === path ? path : `${path}, a link to ${at},`;
    if (facts === undefined) return at === path ? `there is no ${path}` : `${way} is not on this file system`;
    if (facts.kind === 'folder') return undefined;
    if (facts.kind !== 'link') return `${way} is no folder`;
    at = posix.resolve(posix.dirname(at), facts.target ?? '');
  }
  return `the links of ${path} lead in a circle`;
}

/** debugfs says its version first. */
function complaintOf(stderr: string): string {
  const [first] = stderr.split('\n').filter((line) => line !== '' && !/^debugfs \d/.test(line));
  return (first ?? 'debugfs says nothing of it').slice(0, 300);
}

function owned(path: string, mode: string): string[] {
  return [
    `set_inode_field ${path} mode ${mode}`,
    `set_inode_field ${path} uid 0`,
    `set_inode_field ${path} gid 0`,
  ];
}

/** debugfs writes to no file system whose journal is to be replayed first. */
async function recover(folder: string, image: string, signal: AbortSignal): Promise<boolean> {
  const { stdout } = await run({ program: 'debugfs', args: ['-R', 'features', image], cwd: folder, signal });
  if (!/\bneeds_recovery\b/.test(stdout)) return false;
  // 1: errors were corrected, and the replay of a journal counts as one.
  await run({ program: 'e2fsck', args: ['-p', image], cwd: folder, signal, okCodes: [0, 1] });
  return true;
}
