import { z } from 'zod';
import type { OwnedFile } from '../oracle/observation.ts';

const bytes = z.base64();
const kind = z.enum(['link', 'folder', 'other']);

/** The owner's files as JSON, their content in base64. */
export const filesSchema = z.array(
  z.object({
    path: z.string(),
    kind: kind.exactOptional(),
    content: bytes.nullable(),
    behind: bytes.exactOptional(),
    access: z.string().nullable(),
    attributes: z.union([z.string(), z.object({ unknown: z.literal(true) })]).exactOptional(),
    /** Older programs looked at what links lead to. */
    links: z.enum(['kept', 'followed', 'both']).default('followed'),
    /** This and the next are not in files of older programs. */
    found: bytes.nullable().default(null),
    copies: z
      .array(z.object({ suffix: z.string(), kind: z.literal('link').exactOptional(), content: bytes }))
      .default([]),
  }),
);

/** Paths that were not as packaged, as they are stored; not in files of older programs. */
export const oddSchema = z.array(z.strictObject({ path: z.string(), shown: z.string() })).exactOptional();

/** The owner's files as they are stored. */
export type StoredFiles = z.output<typeof filesSchema>;

/** For JSON. */
export function storeFiles(files: readonly OwnedFile[]): StoredFiles {
  return files.map(({ content, behind, access, found, copies, ...rest }) => ({
    ...rest,
    content: content?.toString('base64') ?? null,
    ...(behind === undefined ? {} : { behind: behind.toString('base64') }),
    access: access ?? null,
    found: found?.toString('base64') ?? null,
    copies: copies.map((copy) => ({ ...copy, content: copy.content.toString('base64') })),
  }));
}

/** What `storeFiles` made JSON of. */
export function restoreFiles(files: StoredFiles): OwnedFile[] {
  const decoded = (text: string | null) => (text === null ? undefined : Buffer.from(text, 'base64'));
  return files.map(({ content, behind, access, found, copies, ...rest }) => ({
    ...rest,
    content: decoded(content),
    ...(behind === undefined ? {} : { behind: Buffer.from(behind, 'base64') }),
    access: access ?? undefined,
    found: decoded(found),
    copies: copies.map((copy) => ({ ...copy, content: Buffer.from(copy.content, 'base64') })),
  }));
}
