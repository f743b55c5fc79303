import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { HarnessError, messageOf } from './errors.ts';
import { parseStored } from './stored.ts';

const packageFile = z.object({ version: z.string() });

/** This program's version. Throws HarnessError `installation-damaged`. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  try {
    return parseStored(text, packageFile).version;
  } catch (cause) {
    throw new HarnessError('installation-damaged', `package.json: ${messageOf(cause)}`, { cause });
  }
}
