import { posix } from 'node:path';
import { sha256File } from '../core/digest.ts';
import type { MachineName } from '../model/machine.ts';
import { fieldValue } from '../package/control/stanza.ts';
import { readPackage } from '../package/package-file.ts';
import type { PackageFile } from '../package/package-format.ts';
import { listFiles } from '../package/packaged-files.ts';
import { type UnitFacts, unitFacts } from './units.ts';

/** What a package says of itself, where it says it. */
const statedFields = ['Maintainer', 'License', 'Homepage', 'Source', 'Section'] as const;

/** One build of a package: of one release, for one machine. */
export interface PackageFacts {
  machine: MachineName;
  release: string;
  name: string;
  version: string;
  architecture: string;
  /** Below the feed's address. */
  file: string;
  sha256: string;
  bytes: number;
  /** By the control file's names; an rpm's are not read. */
  stated: Partial<Record<(typeof statedFields)[number], string>>;
  conffiles: string[];
  units: UnitFacts[];
}

/** A build with the contents of its conffiles, by path. */
export interface ReadBuild {
  facts: PackageFacts;
  conffiles: ReadonlyMap<string, Buffer>;
}

/** Where a package's file is, and whose it is. */
export interface BuildPlace {
  machine: MachineName;
  release: string;
  /** Below the feed's address. */
  file: string;
  /** On this host. */
  path: string;
  bytes: number;
}

/** Reads one build. Throws as `readPackage`. */
export async function readBuild(
  { machine, release, file, path, bytes }: BuildPlace,
  signal: AbortSignal,
): Promise<ReadBuild> {
  const about = await readPackage(path, signal);
  const paths = (await listFiles(path, { signal })).map((entry) => entry.path);
  const wanted = new Set([
    ...about.conffiles,
    ...paths.filter((one) => unitFolders.test(posix.dirname(one))),
  ]);
  const read = (await listFiles(path, { contents: wanted, signal })).flatMap((entry) =>
    entry.content === undefined ? [] : [[entry.path, entry.content] as const],
  );
  const contents = new Map(read);
  const { name, version, architecture } = about;
  return {
    facts: {
      machine,
      release,
      name,
      version,
      architecture,
      file,
      sha256: await sha256File(path),
      bytes,
      stated: statedBy(about),
      conffiles: [...about.conffiles],
      units: unitFacts(contents),
    },
    conffiles: new Map(read.filter(([one]) => about.conffiles.includes(one))),
  };
}

/** systemd.unit(5) and systemd.preset(5): the vendor's folders. */
const unitFolders = /^(\/usr)?\/lib\/systemd\/system(-preset)?$/;

function statedBy(about: PackageFile): PackageFacts['stated'] {
  if (about.format === 'rpm') return {};
  const found = statedFields.flatMap((name) => {
    const value = fieldValue(about.control, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}
