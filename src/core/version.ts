import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { HarnessError, messageOf } from './errors.ts';
import { parseStored } from './stored.ts';

const packageFile = z.object({ version: z.string() });

/** This program's version, from its package.json. Throws HarnessError `installation-damaged`. */
export function version(path = new URL('../../package.json', import.meta.url)): string {
  const text = readFileSync(path, 'utf8');
  try {
    return parseStored(text, packageFile).version;
  } catch (cause) {
    throw new HarnessError('installation-damaged', `package.json: ${messageOf(cause)}`, { cause });
  }
}
