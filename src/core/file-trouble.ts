import { messageOf } from './errors.ts';

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'no file has so long a name',
  EACCES: 'it may not be read',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
};

/** Why a file cannot be read, for people: what Node.js says by a code in words, anything else by its message. */
export function fileTrouble(error: unknown): string {
  return words[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error);
}
