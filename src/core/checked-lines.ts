import { open } from 'node:fs/promises';
import { sha256 } from './digest.ts';

/** Digits of the sum that each line begins with. */
const digits = 16;

/** Adds one value, as JSON, to a file that grows by whole lines, each with the beginning of its SHA-256 before it. */
export async function appendLine(path: string, value: unknown): Promise<void> {
  const json = JSON.stringify(value);
  await using file = await open(path, 'a');
  await file.appendFile(`${sha256(json).slice(0, digits)} ${json}\n`);
}

/** The values of such a file in order, and how many lines are not as they were written: a process may end in the middle of one. */
export function readLines(text: string): { values: unknown[]; damaged: number } {
  const lines = text.split('\n').filter((line) => line !== '');
  const values = lines.flatMap((line) => {
    const json = line.slice(digits + 1);
    return line === `${sha256(json).slice(0, digits)} ${json}` ? [JSON.parse(json) as unknown] : [];
  });
  return { values, damaged: lines.length - values.length };
}
