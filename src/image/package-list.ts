import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf } from '../core/errors.ts';
import { parseStored } from '../core/stored.ts';
import type { FileRef, PackageContents, PackagedPath } from '../model/image.ts';
import { damaged, verifyFiles } from './manifest.ts';

const packagedPath: z.ZodType<PackagedPath> = z.object({
  path: z.string(),
  kind: z.enum(['file', 'link', 'folder', 'other']),
  mode: z.int().min(0).max(0o7777),
  owner: z.string(),
  ids: z.string().exactOptional(),
  target: z.string().exactOptional(),
});

/** A list of packages as it is stored. */
export const packageList: z.ZodType<PackageContents[]> = z.array(
  z.object({
    name: z.string(),
    version: z.string(),
    architecture: z.string(),
    path: z.string(),
    files: z.array(z.object({ path: z.string(), sha256: z.string() })),
    conffiles: z.array(z.string()),
    paths: z.array(packagedPath),
  }),
);

/**
 * Reads what a release's feed has, as building the image noted it. Throws HarnessError `image-damaged` where the file is
 * not the one that was built.
 */
export async function readPackageList(list: FileRef): Promise<PackageContents[]> {
  await verifyFiles([list]);
  const text = await readFile(list.path, 'utf8');
  try {
    return parseStored(text, packageList);
  } catch (error) {
    throw damaged(list.path, `is no list of packages: ${messageOf(error)}`, error);
  }
}
