import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError, messageOf } from './errors.ts';
import { makeFolders } from './make-folders.ts';
import { temporaryPath } from './process-tag.ts';

/**
 * Makes a folder that an option names, and sees whether files can be written there: better before hours of work than after.
 * Throws HarnessError `folder-unwritable`.
 */
export async function makeWritable(folder: string, option: string): Promise<void> {
  const probe = temporaryPath(join(folder, 'probe'));
  try {
    await makeFolders(folder);
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    throw new HarnessError(
      'folder-unwritable',
      `${option}: ${folder} cannot be written: ${messageOf(cause)}`,
      {
        cause,
        hint: `make room there, or name another folder with ${option}`,
      },
    );
  }
}
