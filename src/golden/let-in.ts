import { writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { HarnessError } from '../core/errors.ts';
import { scratchFolder } from '../core/scratch-folder.ts';
import { contentOf } from '../filesystem/content.ts';
import { partView } from '../filesystem/view.ts';
import { makeKeyPair } from '../guest/key-pair.ts';
import { run } from '../process/run.ts';
import { openView } from './disk-view.ts';
import type { FoundRoot } from './found-disk.ts';

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
 * `keyPath`, readable by its owner alone. Throws HarnessError `command-missing`, `command-failed` and `key-not-written`.
 */
export async function letIn(
  diskPath: string,
  { volume, files, system }: FoundRoot,
  keyPath: string,
  signal: AbortSignal,
): Promise<LetIn> {
  const { privateKey, publicKey } = makeKeyPair('brownout');
  await writeFile(keyPath, privateKey, { mode: 0o600 });
  const folder = dirname(diskPath);
  await using scratch = await scratchFolder(folder);
  // Paths within e2fsprogs' commands have no spaces or options of ours: only this file's and the device's own.
  const image = `${basename(diskPath)}?offset=${volume.offset}`;
  const recovered = await recover(folder, image, signal);
  const sshFolder = posix.join(system.ssh?.home ?? '/root', '.ssh');
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
    args: ['-w', '-f', '-', image],
    input: `${commands.join('\n')}\n`,
    cwd: folder,
    signal,
  });
  // debugfs ends with 0 whatever its commands came to.
  await using disk = await openView(diskPath);
  const after = contentOf(partView(disk.view, volume.offset, volume.bytes));
  const there = after.kind === 'files' ? after.files.read(authorizedKeys)?.toString('utf8') : undefined;
  if (there !== text)
    throw new HarnessError(
      'key-not-written',
      `${authorizedKeys} on ${diskPath} is not as it was written: ${stderr.trim().slice(-300)}`,
      { hint: 'put a key of yours into the image and name it with --ssh-key' },
    );
  return { authorizedKeys, recovered };
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
