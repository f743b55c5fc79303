import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { parseDocument } from './parse.ts';

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
    throw new ScenarioError('document-unreadable', `${path} cannot be read: ${reason(error)}`, {
      cause: error,
    });
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text';
  return messageOf(error);
}
