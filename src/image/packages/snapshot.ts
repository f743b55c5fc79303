import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256, sha256File } from '../../core/digest.ts';
import { messageOf } from '../../core/errors.ts';
import { parseStored } from '../../core/stored.ts';
import type { AptRoot } from './apt.ts';
import type { LockedPackage, LockedSet } from './lock.ts';

/**
 * Files of one version of a binary package, as `/mr/binary/NAME/VERSION/binfiles` says
 * (https://salsa.debian.org/snapshot-team/snapshot/-/blob/master/API): an architecture each, by SHA-1.
 */
const binaryFiles = z.object({
  result: z.array(z.object({ architecture: z.string(), hash: z.string().regex(/^[0-9a-f]{40}$/) })),
});

/** Bytes of an answer; one is some hundred bytes long. */
const mostAnswer = 1 << 20;

/** What came of asking for packages. */
export interface FromSnapshot {
  /** Paths of files with the wanted SHA-256. */
  files: { path: string; sha256: string }[];
  /** Why the archive could not be asked to the end; absent where it said of each package whether it has it. */
  trouble?: string;
}

/** The address of an archive of all that Debian ever had, as https://snapshot.debian.org: BROWNOUT_DEBIAN_SNAPSHOT. */
export function snapshotAddress(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const address = environment['BROWNOUT_DEBIAN_SNAPSHOT']?.replace(/\/+$/, '');
  return address === '' ? undefined : address;
}

/**
 * Looks for packages in such an archive and puts them into `folder`. Nobody vouches for what it gives but the SHA-256 of
 * the lock; what has another is left. Where the archive does not answer, it is asked no more.
 */
export async function fetchFromSnapshot(
  address: string,
  packages: readonly LockedPackage[],
  { architecture }: Pick<LockedSet, 'architecture'>,
  { apt, folder }: { apt: Pick<AptRoot, 'downloadFile'>; folder: string },
): Promise<FromSnapshot> {
  const files: FromSnapshot['files'] = [];
  try {
    for (const wanted of packages) {
      const { name, version } = wanted;
      const about = join(folder, `${sha256(`${name} ${version}`)}.json`);
      const query = `${address}/mr/binary/${encodeURIComponent(name)}/${encodeURIComponent(version)}/binfiles`;
      if (!(await apt.downloadFile(query, about))) continue;
      if ((await stat(about)).size > mostAnswer) throw new Error(`${query} answers with more than 1 MiB`);
      const { result } = parseStored(await readFile(about, 'utf8'), binaryFiles);
      for (const { hash } of result.filter((one) => ['all', architecture].includes(one.architecture))) {
        const path = join(folder, `${hash}.deb`);
        if (!(await apt.downloadFile(`${address}/file/${hash}`, path))) continue;
        if ((await sha256File(path)) !== wanted.sha256) continue;
        files.push({ path, sha256: wanted.sha256 });
        break;
      }
    }
    return { files };
  } catch (error) {
    return { files, trouble: messageOf(error) };
  }
}
