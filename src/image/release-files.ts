import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../core/digest.ts';
import { makeFolders } from '../core/make-folders.ts';
import type { FileRef } from '../model/image.ts';
import type { StartFile } from './disk/boot-loader.ts';
import { output, type Workshop } from './workshop.ts';

/** What the files of a release are made from: the slot's image, and what is started. */
export interface ReleaseParts {
  version: string;
  image: string;
  start: StartFile;
}

/**
 * A release as the files that systemd-sysupdate pulls from one address: the slot's image, compressed, what the boot loader starts,
 * and the list that it looks for versions in (`SHA256SUMS`). By their names.
 */
export async function releaseFiles(
  shop: Workshop,
  { version, image, start }: ReleaseParts,
): Promise<Record<string, FileRef>> {
  const { build, tools, out } = shop;
  const imageSha256 = await build.digest(image);
  const inputs = {
    version: 1,
    release: version,
    imageSha256,
    start: sha256(start.content),
    tools: tools.key,
  };
  const names = [`root_${version}.img.xz`, start.name, 'SHA256SUMS'];
  const made = await build.run('release-files', inputs, async (folder) => {
    const slot = join(folder, `root_${version}.img`);
    await copyFile(image, slot);
    await tools.run('usr/bin/xz', ['-2', '-T1', slot]);
    await writeFile(join(folder, start.name), start.content);
    const sums: string[] = [];
    for (const name of names.slice(0, 2)) sums.push(`${await build.digest(join(folder, name))}  ${name}\n`);
    await writeFile(join(folder, 'SHA256SUMS'), sums.join(''));
  });
  const files: Record<string, FileRef> = {};
  await makeFolders(join(out, 'files', version));
  for (const name of names) files[name] = await output(shop, join(made, name), `files/${version}/${name}`);
  return files;
}
