import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageManifest } from '../../src/model/image.ts';

/** What a test changes about the reference image, by absolute path. */
export interface Changes {
  /** Bundle of the last release. */
  bundle?: string;
  /** Main disk of the first release. */
  mainDisk?: string;
}

/** Describes a built reference image, for one machine and with changes, as an image of one's own. */
export async function writePrebuilt(
  manifest: ImageManifest,
  folder: string,
  [from, to]: [string, string],
  changes: Changes = {},
): Promise<void> {
  const release = (version: string, first: boolean) => {
    const spec = manifest.releases[version];
    if (spec === undefined) throw new Error(`no release ${version}`);
    const factory = Object.fromEntries(
      Object.entries(spec.factory ?? {}).map(([id, file]) => [id, file.path]),
    );
    if (first && changes.mainDisk !== undefined) factory['main'] = changes.mainDisk;
    const verity = first ? spec.bundles['verity']?.path : (changes.bundle ?? spec.bundles['verity']?.path);
    return { factory, slotContent: spec.bundles['raw']?.path, bundles: { verity } };
  };
  const { boot } = manifest;
  if (boot.kind !== 'firmware') throw new Error('the reference image boots a kernel');
  const description = {
    description: 'the reference image as an image of one’s own',
    prebuilt: {
      [manifest.machine]: {
        firmware: { attach: boot.attach, code: boot.code.path },
        disks: manifest.disks,
        slots: manifest.slots,
        ssh: manifest.ssh,
        releases: { [from]: release(from, true), [to]: release(to, false) },
      },
    },
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'image.yaml'), JSON.stringify(description));
}
