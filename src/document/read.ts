import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import { parseDocument } from './parse.ts';
import { nearest } from './suggest.ts';

/** Bytes beyond which a file is not even read. */
const maxFileBytes = 16 << 20;

/** Reads and checks a YAML file; see parseDocument. Throws ScenarioError `document-unreadable` when there is no such file. */
export async function readDocument<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  return parseDocument(await readText(path), path, schema);
}

/** The text of a file that a user names. Throws ScenarioError `document-unreadable`. */
export async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes) throw new Error(`it has ${size} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    throw new ScenarioError(
      'document-unreadable',
      `${path} cannot be read: ${fileTrouble(error)}${await nearName(path, error)}`,
      {
        cause: error,
      },
    );
  }
}

/** What a user may have meant by the name of a file that is not there, or by that of a folder of documents: `; did you mean …`. */
export async function nearName(path: string, error: unknown): Promise<string> {
  if ((error as NodeJS.ErrnoException).code === 'EISDIR') {
    const names = (await readdir(path).catch(() => [])).filter((name) => /\.ya?ml$/.test(name)).sort();
    return names.length === 0 ? '' : `; name one of its files: ${names.slice(0, 20).join(', ')}`;
  }
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return '';
  const near = nearest(basename(path), await readdir(dirname(path)).catch(() => []));
  return near === undefined ? '' : `; did you mean ${JSON.stringify(join(dirname(path), near))}?`;
}
