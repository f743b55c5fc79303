import { z } from 'zod';
import type { OwnedFile } from '../oracle/observation.ts';

const bytes = z.base64();

/** The owner's files as JSON, their content in base64. */
export const filesSchema = z.array(
  z.object({
    path: z.string(),
    content: bytes.nullable(),
    access: z.string().nullable(),
    /** This and the next are not in files of older programs. */
    found: bytes.nullable().default(null),
    copies: z.array(z.object({ suffix: z.string(), content: bytes })).default([]),
  }),
);

/** The owner's files as they are stored. */
export type StoredFiles = z.output<typeof filesSchema>;

/** For JSON. */
export function storeFiles(files: readonly OwnedFile[]): StoredFiles {
  return files.map(({ path, content, access, found, copies }) => ({
    path,
    content: content?.toString('base64') ?? null,
    access: access ?? null,
    found: found?.toString('base64') ?? null,
    copies: copies.map((copy) => ({ suffix: copy.suffix, content: copy.content.toString('base64') })),
  }));
}

/** What `storeFiles` made JSON of. */
export function restoreFiles(files: StoredFiles): OwnedFile[] {
  const decoded = (text: string | null) => (text === null ? undefined : Buffer.from(text, 'base64'));
  return files.map(({ path, content, access, found, copies }) => ({
    path,
    content: decoded(content),
    access: access ?? undefined,
    found: decoded(found),
    copies: copies.map((copy) => ({ suffix: copy.suffix, content: Buffer.from(copy.content, 'base64') })),
  }));
}
