import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolders } from './make-folders.ts';
import { isProcessGone, processTag } from './process-tag.ts';

/** How long a turn may take, in milliseconds: whoever has had it for longer is taken for dead. */
const mostMs = 10_000;

/**
 * Takes turns with all that go by the file `path`, on whatever host: who can make it has his turn until he takes it away. One
 * whose process is gone loses it, and so does one who has had it for ten seconds; hence turns keep works apart that cost
 * time if they meet, and nothing that must never meet. Throws what the file system says, where the file cannot be made.
 */
export async function takeTurn(path: string): Promise<AsyncDisposable> {
  const own = `${processTag()} ${randomBytes(8).toString('hex')}`;
  let seen = { text: '', since: performance.now() };
  await makeFolders(dirname(path));
  while (!(await isMade(path, own))) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text !== seen.text) seen = { text, since: performance.now() };
    const [tag = ''] = text.split(' ');
    const isGone = tag !== '' && isProcessGone(tag, Date.now());
    if (isGone || performance.now() - seen.since > mostMs) await takeAway(path);
    else await sleep(1 + Math.random() * 9);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      const isOwn = (await readFile(path, 'utf8').catch(() => '')) === own;
      if (isOwn) await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

async function isMade(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A full disk leaves an empty one.
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Of several that find it abandoned one takes it away. */
async function takeAway(path: string): Promise<void> {
  const taken = `${path}-${randomBytes(4).toString('hex')}`;
  await rename(path, taken).catch(() => undefined);
  await rm(taken, { force: true });
}
