import { readFileSync } from 'node:fs';
import { HarnessError } from './errors.ts';

/** This program's version. Throws HarnessError `installation-damaged`. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version: found } = JSON.parse(text) as { version?: unknown };
  if (typeof found !== 'string')
    throw new HarnessError('installation-damaged', 'package.json has no version');
  return found;
}
